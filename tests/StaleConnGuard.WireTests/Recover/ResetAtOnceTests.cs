using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Recover;

/// <summary>
/// A server that resets a connection as soon as it has taken it, before the client has looked at it: one that is shutting down, or a balancer without a server behind it. The runtime fails
/// the request with a bare <see cref="SocketException"/>.
/// </summary>
public class ResetAtOnceTests
{
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _connections;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PlainClient_FailsWithABareSocketException(bool sync)
    {
        await using ScriptedServer server = ResettingTheFirst();
        using var client = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync });
        await Should.ThrowAsync<SocketException>(() => client.SendAsync(Post(server), sync));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Guarded_TheErrorIsThatOfAConnectionThatCouldNotBeMade(bool sync)
    {
        await using ScriptedServer server = ResettingTheFirst();
        using var client = new GuardedClient(configure: sockets => sockets.ConnectCallback = ConnectAsync);
        HttpRequestException failure = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(Post(server), sync));
        failure.HttpRequestError.ShouldBe(HttpRequestError.ConnectionError);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WithRetries_ThePostIsSentOnTheNextConnection(bool sync)
    {
        await using ScriptedServer server = ResettingTheFirst();
        using HttpClient client = RetryClient.Create(handler: new SocketsHttpHandler { ConnectCallback = ConnectAsync });
        using HttpResponseMessage response = await client.SendAsync(Post(server), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(2);
    }

    private static HttpRequestMessage Post(ScriptedServer server) => GuardedClient.Request("POST", server.Uri, "one-shot");

    private ScriptedServer ResettingTheFirst() => new(async connection =>
    {
        if (connection.Index > 0)
        {
            await connection.AnswerAllAsync();
            return;
        }

        await _connected.Task;
        await connection.EndAsync(Ending.Reset);
    });

    /// <summary>The first connection is handed over when its reset is here.</summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        if (Interlocked.Increment(ref _connections) == 1)
        {
            _connected.SetResult();
            socket.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead).ShouldBeTrue();
        }

        return new NetworkStream(socket, ownsSocket: true);
    }
}
