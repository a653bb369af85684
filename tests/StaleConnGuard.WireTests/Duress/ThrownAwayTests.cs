using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Duress;

/// <summary>
/// Up to .NET 10 the pool takes an HTTP/2 connection for idle until a request's headers are written on it. Where a process gets no processor for longer than
/// <see cref="SocketsHttpHandler.PooledConnectionIdleTimeout"/>, it throws connections away under a request that has been given one; after the fourth the runtime gives up.
/// </summary>
public class ThrownAwayTests
{
    // The pool looks once a second.
    private static readonly TimeSpan s_stall = TimeSpan.FromSeconds(2.2);

    [Fact]
    public async Task EachConnectionIsThrownAwayBeforeItsFirstByte_ThePostIsSentOnTheNext()
    {
        Requirement.MetOrSkip(Environment.Version.Major == 10, "a later runtime does not do it");
        await using ScriptedHttp2Server server = ScriptedHttp2Server.Start(TimeSpan.FromMinutes(1), Http2End.Fin);
        using var client = new GuardedClient(configure: StallFourTimes, options: static options => options.Transport.PooledConnectionIdleTimeout = TimeSpan.FromMilliseconds(100));
        using var plain = new GuardedClient(guarded: false, configure: StallFourTimes);
        plain.Sockets.PooledConnectionIdleTimeout = TimeSpan.FromMilliseconds(100);

        Task<HttpRequestException> failing = Should.ThrowAsync<HttpRequestException>(() => SendAsync(plain, "plain"));
        await SendAsync(client, "guarded");

        (await failing).InnerException.ShouldBeNull();
        server.Executions.CountOf("guarded").ShouldBe(1);
        server.Executions.CountOf("plain").ShouldBe(0);
        (ConnectionEnd end, Delivery delivery, ReplayDecision decision, _) = client.Observer.Hits.ShouldHaveSingleItem();
        (end, delivery, decision).ShouldBe((ConnectionEnd.ClosedBeforeUse, Delivery.NotSent, ReplayDecision.ReplayNotSent));

        async Task SendAsync(GuardedClient sender, string id)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Address)
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Headers = { { "X-Request-Id", id } },
                Content = new ByteArrayContent([1, 2, 3]),
            };
            using HttpResponseMessage response = await sender.SendAsync(request);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
    }

    /// <summary>Between the choice of a connection and the first byte on it: there the encoding of a header is asked for.</summary>
    private static void StallFourTimes(SocketsHttpHandler sockets)
    {
        int stalls = 0;
        var never = new ManualResetEventSlim();
        sockets.RequestHeaderEncodingSelector = (name, _) =>
        {
            if (name.Equals("X-Request-Id", StringComparison.OrdinalIgnoreCase) && Interlocked.Increment(ref stalls) <= 4)
            {
                never.Wait(s_stall);
            }

            return null;
        };
    }
}
