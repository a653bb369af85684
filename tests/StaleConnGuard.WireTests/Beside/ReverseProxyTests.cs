using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>Client, reverse proxy, upstream: the 502s that the client sees. In full it is a command; its table stands in docs/reverse-proxy.md.</summary>
[Collection(ExactTime.Collection)]
public class ReverseProxyTests(ITestOutputHelper output)
{
    private const int Clients = 12;
    private const int Bursts = 2;
    private const int Attempts = 4;

    [Fact]
    public async Task Proxy_UpstreamClosesAsRequestsLeave_AnswersNo502ButForUnsafeAndUnproven()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx", out reason), reason);

        // A busy machine misses the closing instant at times.
        IReadOnlyList<ReverseProxyRow> rows;
        int attempt = 0;
        do
        {
            rows = await ReverseProxySuite.RunAsync("nginx", Clients, Bursts);
            output.WriteLine(ReverseProxyTable.Of(rows));
            rows.ShouldAllBe(row => row.Outcomes.All(outcome => outcome.Status == 200 || outcome.Status == 502));
            rows.ShouldAllBe(row => row.ExecutedTwice == 0);
            foreach (ReverseProxyRow row in rows.Where(row => row.Pool.IsGuarded))
            {
                foreach (HttpRequestException failure in row.Failures)
                {
                    output.WriteLine($"{row.Pool.Name}, {row.Kind.Name}: {failure.Message}");
                }

                Judge(row);
            }
        }
        while (++attempt < Attempts && !AllRaced(rows));

        AllRaced(rows).ShouldBeTrue("without a race nothing is shown");
    }

    // The plain proxy must have failed, and the guarded one must have had something to heal.
    private static bool AllRaced(IReadOnlyList<ReverseProxyRow> rows)
    {
        ReverseProxyRow[] posts = [.. rows.Where(row => row.Kind.Method == HttpMethod.Post)];
        return posts.Where(row => row.Pool == ReverseProxySuite.Plain).All(row => row.BadGateways > 0)
            && posts.Where(row => row.Pool == ReverseProxySuite.GuardedByDefault).All(row => row.Raced > 0);
    }

    private static void Judge(ReverseProxyRow row)
    {
        row.Failures.Count.ShouldBe(row.BadGateways);
        StaleConnectionException[] failures = [.. row.Failures.Select(failure => failure.ShouldBeOfType<StaleConnectionException>())];

        // A machine that stops for a second holds a FIN back for longer than a body waits for it. It does not do so all the time.
        int late = failures.Count(failure => failure.Decision == ReplayDecision.SurfaceBodyConsumed);
        late.ShouldBeLessThanOrEqualTo(1, $"{row.Pool.Name}, {row.Kind.Name}");

        // A reset proves nothing, and a proxy must not repeat on suspicion. What ends in a FIN is healed.
        StaleConnectionException[] others = [.. failures.Where(failure => failure.Decision != ReplayDecision.SurfaceBodyConsumed)];
        others.Length.ShouldBeLessThanOrEqualTo(row.Resets, $"{row.Pool.Name}, {row.Kind.Name}");
        others.ShouldAllBe(failure => failure.Delivery == Delivery.Unknown && row.Kind.Method == HttpMethod.Post);
    }
}
