using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Protocols.Http1;

/// <summary>A connection that the pool has looked at: a request is written, the server does something, the watch gives up, each on a thread of its own.</summary>
internal static class ConcurrentModel
{
    private static readonly byte[] s_head = "POST / HTTP/1.1\r\nHost: model.test\r\nContent-Length: 0\r\n\r\n"u8.ToArray();
    private static readonly byte[] s_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray();

    /// <param name="write">How many turns the writer waits before it begins.</param>
    /// <param name="end">How many the server waits.</param>
    /// <param name="watch">How many the watch waits.</param>
    /// <param name="answers">The server sends bytes; otherwise its FIN.</param>
    public static async Task RunAsync(int write, int end, int watch, bool answers)
    {
        var guard = new ConnectionGuard(new KeepAliveLedger(), new TestClock());
        var beneath = new ModelStream(continuesElsewhere: true);
        await using var stream = new GuardedStream(beneath, transport: null, guard, guard.Ledger.GetOrAdd(new OriginKey("http", "model.test", 80, null)));
        var scope = new ExchangeScope(guard, GuardSettings.Default);
        var exchange = new Exchange(scope, new HttpRequestMessage(HttpMethod.Post, "http://model.test/"))
        {
            Traits = new ExchangeTraits { CanAskAtCheckout = true, MayRefuseWrite = true, FreshOnly = false, HasBody = false, IsOneShot = false, HasStandIn = false, IsConnect = false, SaysClose = false },
        };
        Exchange.Current = exchange;
        Task<int> looking = stream.ReadAsync(new byte[4096]).AsTask();
        using var start = new Barrier(3);
        Task<bool> writing = At(start, write, async () =>
        {
            Exchange.Current = exchange;
            try
            {
                await stream.WriteAsync(s_head);
                return true;
            }
            catch (ConnectionEndedException)
            {
                return false;
            }
        });
        Task<bool> serving = At(start, end, () =>
        {
            if (answers)
            {
                beneath.Send(s_answer);
            }
            else
            {
                beneath.Fin();
            }

            return Task.FromResult(true);
        });
        Task<bool> watching = At(start, watch, () =>
        {
            bool isGivenUp = exchange.IsBound && exchange.TryDeclareSilent(TimeSpan.FromSeconds(10));
            if (isGivenUp)
            {
                exchange.RecordEnd(ConnectionEnd.Silence, Delivery.Unknown);
                beneath.Fin();
            }

            return Task.FromResult(isGivenUp);
        });

        (bool isWritten, bool isGivenUp) = (await writing, await watching);
        _ = await serving;
        (int? count, Exception? failure) = await OutcomeAsync(looking);

        isWritten.ShouldBe(beneath.Written > 0);
        if (!isWritten)
        {
            // The end, or bytes that nobody asked for, came first; the runtime is told of nothing but an end.
            exchange.Delivery.ShouldBeOneOf(Delivery.NotSent, Delivery.Unknown);
            (exchange.Delivery is Delivery.NotSent || isGivenUp).ShouldBeTrue();
            (count ?? 0).ShouldBe(0);
            return;
        }

        int outcomes = (exchange.Responded ? 1 : 0) + (exchange.HasEnded ? 1 : 0);
        outcomes.ShouldBe(1, $"responded {exchange.Responded}, ended {exchange.End}, {failure?.GetType().Name}, {count}");
        (count > 0).ShouldBe(exchange.Responded);
        exchange.IsSilent.ShouldBe(isGivenUp);
        if (exchange.HasEnded)
        {
            ConnectionEndedException.EvidenceOf(failure.ShouldNotBeNull(), exchange).ShouldNotBeNull();
        }
    }

    private static Task<bool> At(Barrier start, int turns, Func<Task<bool>> run) => Task.Factory.StartNew(
        async () =>
        {
            start.SignalAndWait();
            Thread.SpinWait(turns);
            return await run();
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default).Unwrap();

    private static async Task<(int? Count, Exception? Failure)> OutcomeAsync(Task<int> read)
    {
        try
        {
            return (await read.WaitAsync(TimeSpan.FromSeconds(20)), null);
        }
        catch (Exception e)
        {
            return (null, e);
        }
    }
}
