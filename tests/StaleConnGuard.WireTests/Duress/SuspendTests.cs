using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Duress;

/// <summary>
/// The client's machine is suspended: its monotonic clock stands still while the server's goes on, so a connection seems younger than it is, and no limit keeps the next request from it. What
/// the server did meanwhile is found in the kernel, or proven.
/// </summary>
public class SuspendTests
{
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>The FIN came while the client slept, or right after it woke up: it is there when the pool looks.</summary>
    [Theory]
    [InlineData("POST", "bytes", Ending.Close)]
    [InlineData("POST", "bytes", Ending.Reset)]
    [InlineData("POST", "one-shot", Ending.Close)]
    [InlineData("GET", "none", Ending.Reset)]
    public async Task ServerClosedMeanwhile_TheNextRequest_TakesANewConnection(string method, string body, Ending ending)
    {
        var clock = new SuspendedClock();
        await using ScriptedServer server = Closing(ending, out Task closed);
        using var client = new GuardedClient(serverTimeout: TimeSpan.FromSeconds(30), time: clock);
        (await client.GetAsync(server.Uri)).ShouldBe("ok");
        clock.Suspend();
        await closed;
        clock.Resume();

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request(method, server.Uri, body));

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["raced"].ShouldBe(1);
        client.Observer.Refusals.ShouldNotContain(RefusalReason.TooOld, "its clock says that it is young");
    }

    /// <summary>The server closes by its own clock in the very moment in which the client, awake again, takes a connection that it holds for young.</summary>
    [Theory]
    [InlineData("POST", "bytes", true)]
    [InlineData("POST", "bytes", false)]
    [InlineData("GET", "none", true)]
    public async Task ServerClosesAsTheClientWakes_IsProvenAndReplayed_WherePlainPostsFail(string method, string body, bool guarded)
    {
        var clock = new SuspendedClock();
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async connection =>
        {
            if (connection.Index > 0)
            {
                await connection.AnswerAllAsync();
                return;
            }

            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            await end.Task;
            await connection.CloseAsync();
            ended.SetResult();
        });
        using var client = new GuardedClient(guarded, serverTimeout: s_serverTimeout, time: clock);
        client.BeforeWrite = async (connection, write) =>
        {
            if (connection == 0 && write == 1)
            {
                end.SetResult();
                await ended.Task;
            }
        };
        (await client.GetAsync(server.Uri)).ShouldBe("ok");
        clock.Suspend();

        // Past the limit by every clock but the client's.
        await Task.Delay(s_serverTimeout * 2);
        clock.Resume();
        Task<HttpResponseMessage> sending = client.SendAsync(GuardedClient.Request(method, server.Uri, body));

        if (!guarded)
        {
            _ = await Should.ThrowAsync<HttpRequestException>(() => sending);
            return;
        }

        using HttpResponseMessage response = await sending;
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["raced"].ShouldBe(1);
        client.Observer.StaleHits.ShouldBe(1);
    }

    private static ScriptedServer Closing(Ending ending, out Task closed)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        closed = done.Task;
        return new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            if (connection.Index == 0)
            {
                await Task.Delay(s_serverTimeout);
                await connection.EndAsync(ending);
                done.SetResult();
            }
        });
    }

    /// <summary>The system's clocks, but for the time that it was suspended. As on Linux, where CLOCK_MONOTONIC stands still meanwhile.</summary>
    private sealed class SuspendedClock : TimeProvider
    {
        private long _slept;
        private long _asleepSince;

        public void Suspend() => Volatile.Write(ref _asleepSince, base.GetTimestamp());

        public void Resume() => Interlocked.Add(ref _slept, base.GetTimestamp() - Interlocked.Exchange(ref _asleepSince, 0));

        public override long GetTimestamp() =>
            (Volatile.Read(ref _asleepSince) is long since and not 0 ? since : base.GetTimestamp()) - Volatile.Read(ref _slept);
    }
}
