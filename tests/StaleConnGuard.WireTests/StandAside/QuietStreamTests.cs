using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>A stream on which nothing is said for long, as of a gRPC call that waits for a message, is as good as ever.</summary>
public class QuietStreamTests
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task QuietStream_DefaultOptions_SendsNoPingsAndStaysOpen()
    {
        // The plain client measures the round trip with a ping when headers have come; that is data, and welcome.
        await using var plainServer = new QuietHttp2Server();
        using var plain = new GuardedClient(guarded: false);
        await using var server = new QuietHttp2Server();
        using var client = new GuardedClient();
        using HttpResponseMessage plainResponse = await OpenAsync(plain, plainServer);
        using HttpResponseMessage response = await OpenAsync(client, server);

        // The delay that matters is longer than a test may wait; the handler says it.
        client.Sockets.KeepAlivePingDelay.ShouldBe(Timeout.InfiniteTimeSpan);
        Task<int> reading = ReadAsync(response);
        (await Task.WhenAny(reading, Task.Delay(s_quiet))).ShouldNotBe(reading);
        server.Pings.ShouldBe(plainServer.Pings);
    }

    /// <summary>What such a server does to a client that pings, so that the test above shows something.</summary>
    [Fact]
    public async Task QuietStream_PingsEverySecond_IsEndedByTheServer()
    {
        await using var server = new QuietHttp2Server();
        using var client = new GuardedClient(options: o => o.Transport.KeepAlivePingDelay = TimeSpan.FromSeconds(1));
        using HttpResponseMessage response = await OpenAsync(client, server);

        await Should.ThrowAsync<Exception>(() => ReadAsync(response).WaitAsync(TimeSpan.FromSeconds(30)));
        server.Pings.ShouldBe(3);
    }

    private static Task<HttpResponseMessage> OpenAsync(GuardedClient client, QuietHttp2Server server) =>
        client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, server.Uri) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent([1]) },
            completion: HttpCompletionOption.ResponseHeadersRead);

    private static async Task<int> ReadAsync(HttpResponseMessage response) => await (await response.Content.ReadAsStreamAsync()).ReadAsync(new byte[1]);
}
