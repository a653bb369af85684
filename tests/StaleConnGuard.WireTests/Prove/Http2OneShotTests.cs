using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>A body that can be read once, on an HTTP/2 connection that the server ends as the request is about to be written.</summary>
public class Http2OneShotTests
{
    [Theory]
    [InlineData(null, 1000, true)]
    [InlineData(10_000, 1000, true)]
    [InlineData(500, 1000, true)]
    [InlineData(null, 100_000, false)]
    [InlineData(200_000, 100_000, true)]
    public async Task Streamed_NotReceived_IsReplayedIfItWasKeptAndSurfacesWithItsReasonOtherwise(int? kept, int length, bool replayed)
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        int armed = 0;
        using var client = new GuardedClient(
            configure: sockets => sockets.PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new BeforeHeadersStream(context.PlaintextStream, async () =>
            {
                if (Interlocked.Exchange(ref armed, 0) == 1)
                {
                    server.EndConnections();
                    await Task.Delay(200);
                }
            })),
            options: options => options.Replay.BufferOneShotUpTo = kept);
        _ = await SendAsync(client, server.Address, length);
        Volatile.Write(ref armed, 1);
        Task<HttpStatusCode> raced = SendAsync(client, server.Address, length);
        if (replayed)
        {
            _ = await raced;
            client.Observer.Hits.ShouldHaveSingleItem().Decision.ShouldBe(ReplayDecision.ReplayProvenUndelivered);
            return;
        }

        StaleConnectionException surfaced = await Assert.ThrowsAsync<StaleConnectionException>(() => raced);
        surfaced.Decision.ShouldBe(ReplayDecision.SurfaceBodyConsumed);
        surfaced.Delivery.ShouldBe(Delivery.ProvenUndelivered);
    }

    private static async Task<HttpStatusCode> SendAsync(GuardedClient client, Uri address, int length)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new StreamContent(new OneShotStream(new byte[length])),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
