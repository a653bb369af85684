using System.Diagnostics;

namespace StaleConnGuard.RuntimeTests;

/// <summary>HTTP/1.1: what the pool does with idle connections while nobody asks for one (<c>IdleExpiry</c>, <c>PooledIdleTimeout</c>).</summary>
public class ScavengerRuntimeContractTests
{
    // With this the scavenger looks every second.
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(4);

    /// <summary>
    /// If not: the wait is taken for a look at the connection, or answered for a request that is not there. Where it is pending the pool does not look any more, so that the limit
    /// is kept by the first write.
    /// </summary>
    [Fact]
    public async Task Scavenger_WaitsWithAReadOfNoBytes_InNobodysContext_AndThenThereIsNoLook()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient(handler => handler.PooledConnectionIdleTimeout = s_idleTimeout);
        await client.GetAsync("first", server.Uri);
        TappedConnection connection = client.Connections[0];
        connection.Forget();

        await client.SeenAsync(() => connection.Calls.Count > 0, "the scavenger's wait");
        await client.GetAsync("second", server.Uri);

        StreamCall wait = connection.Calls[0];
        (wait.Kind, wait.Length, wait.Sender).ShouldBe(("read", 0, null));
        connection.Calls[1].Kind.ShouldBe("write");
        connection.Calls[1].Sender.ShouldBe("second");
        client.Connections.Count.ShouldBe(1);
    }

    /// <summary>If not: a connection whose wait was ended at the keep-alive limit is given to a request all the same.</summary>
    [Fact]
    public async Task ScavengersWait_ThatEndsWithEndOfStream_KeepsTheConnectionFromEveryRequest()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient(handler => handler.PooledConnectionIdleTimeout = s_idleTimeout);
        await client.GetAsync("first", server.Uri);
        TappedConnection idle = client.Connections[0];
        var ends = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        idle.Forget();
        idle.OnRead = buffer => buffer.IsEmpty ? ends.Task : Task.FromResult(0);
        await client.SeenAsync(() => idle.Calls.Count == 1, "the scavenger's wait");

        ends.SetResult(0);
        await client.SeenAsync(() => idle.Reads.Count == 2, "the read that finds the end");
        await client.GetAsync("second", server.Uri);

        client.Connections.Count.ShouldBe(2);
        idle.Writes.ShouldBeEmpty();
    }

    /// <summary>If later: the value that the guard derives for <c>PooledConnectionIdleTimeout</c> leaves sockets open for longer than the documents say.</summary>
    [Fact]
    public async Task IdleConnection_IsClosed_BetweenItsTimeoutAndAQuarterMore()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient(handler => handler.PooledConnectionIdleTimeout = s_idleTimeout);
        await client.GetAsync("first", server.Uri);
        long idleSince = Stopwatch.GetTimestamp();

        await client.SeenAsync(() => client.Connections[0].IsDisposed, "the pool closes it");

        TimeSpan idle = Stopwatch.GetElapsedTime(idleSince);
        idle.ShouldBeGreaterThan(s_idleTimeout - TimeSpan.FromMilliseconds(100));

        // Half of it for a machine that stalls: twice the timeout would still be found out.
        idle.ShouldBeLessThan((1.25 * s_idleTimeout) + TimeSpan.FromSeconds(2.5));
    }
}
