using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// POSTs to one real server at idle ages spread evenly, by plain clients and, beside them, by guarded ones that know nothing at first
/// and share what they learn. Each worker has a client, and so a pooled connection, of its own.
/// </summary>
public sealed class LearningRace(RealServer server, TimeSpan longestIdle)
{
    // Multiples of it fill the range evenly, however few there are.
    private const double GoldenRatio = 0.618033988749895;

    private readonly KeepAliveLedger _ledger = new();
    private readonly ConcurrentQueue<SentPost> _plain = new();
    private readonly ConcurrentQueue<SentPost> _guarded = new();
    private int _drawn;

    /// <summary>Runs for that long, then measures the server from outside and sums up.</summary>
    public async Task<LearningResult> RunAsync(TimeSpan duration, int workers)
    {
        long end = AlarmClock.After(Stopwatch.GetTimestamp(), duration);
        await Task.WhenAll(Enumerable.Range(0, workers).SelectMany(worker => new[]
        {
            Task.Run(() => WorkAsync(guarded: false, worker * longestIdle / workers, end)),
            Task.Run(() => WorkAsync(guarded: true, worker * longestIdle / workers, end)),
        }));

        _ = _ledger.TryGet(server.Address, out OriginKeepAlive? known);
        ExecutionLog executions = await server.ReadExecutionsAsync();
        return new LearningResult
        {
            Server = server.Name,
            ClosingAges = server.ClosesVisibly ? await IdleTimeoutProbe.MeasureClosingAgesAsync(server.Address, longestIdle * 2) : [longestIdle / 2],
            Plain = [.. _plain],
            Guarded = [.. _guarded],
            Known = known ?? throw new InvalidOperationException("The ledger does not know the server that was raced."),
            ExecutedTwice = executions.CountExecutedTwice(_guarded.Select(sent => sent.Id)),
        };
    }

    private async Task WorkAsync(bool guarded, TimeSpan startAfter, long end)
    {
        await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(Stopwatch.GetTimestamp(), startAfter));
        var counter = new HitCounter();
        var sockets = new SocketsHttpHandler();
        using var client = new HttpClient(guarded ? StaleConnGuardHandler.Create(new StaleConnGuardOptions(), sockets, _ledger, counter) : sockets);
        ConcurrentQueue<SentPost> sent = guarded ? _guarded : _plain;
        while (true)
        {
            sent.Enqueue(await SendAsync(client, counter));
            long due = AlarmClock.After(Stopwatch.GetTimestamp(), longestIdle * (Interlocked.Increment(ref _drawn) * GoldenRatio % 1));
            if (due > end)
            {
                return;
            }

            await AlarmClock.Shared.WaitUntilAsync(due);
        }
    }

    private async Task<SentPost> SendAsync(HttpClient client, HitCounter counter)
    {
        bool knew = _ledger.TryGet(server.Address, out OriginKeepAlive? known) && (known.Learned ?? known.Advertised) is not null;
        (int hits, int resets) = (counter.Hits, counter.Resets);
        string id = Guid.NewGuid().ToString("N");
        Exception? failure = null;
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Address);
        request.Headers.Add("X-Request-Id", id);
        request.Content = new StringContent("""{"order":4711}""", Encoding.UTF8, "application/json");
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            _ = response.EnsureSuccessStatusCode();
        }
        catch (HttpRequestException exception)
        {
            failure = exception;
        }

        return new SentPost(id, knew, counter.Hits - hits, counter.Resets - resets, failure);
    }
}
