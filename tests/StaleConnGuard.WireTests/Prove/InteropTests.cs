using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>The interop suite in short, some servers at a time. In full it is a command; its table stands in docs/interop.md.</summary>
[Collection(ExactTime.Collection)]
public class InteropTests(ITestOutputHelper output)
{
    private const int Requests = 16;
    private const int Rounds = 2;

    // They close on the beat of a timer, up to a second apart: in a run this short a race with one of them is luck.
    private static readonly string[] s_uneven = ["uwsgi", "gunicorn", "lighttpd", "tomcat", RealServer.Kestrel];

    [Theory]
    [InlineData("nginx", "apache", "haproxy", "h2o")]
    [InlineData("caddy", "lighttpd", "varnish", "node")]
    [InlineData("uwsgi", "gunicorn", "uvicorn", "puma")]
    [InlineData("go", "tomcat", "jetty", RealServer.Kestrel)]
    [InlineData("nginx-proxy", "haproxy-proxy", "AWS ALB", "AWS NLB", "IIS", "Traefik")]
    public async Task Interop_RealAndModelledServers_GuardedFailsNothingButUnsafeAndUnproven(params string[] servers)
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        foreach (string server in servers.Concat(servers.Where(InteropSuite.Proxies.Contains).Select(_ => InteropSuite.BehindProxies)))
        {
            Requirement.MetOrSkip(RealServer.IsAvailable(server, out reason), reason);
        }

        InteropRow[] rows = await InteropSuite.RunAsync(servers, Requests, Rounds);

        output.WriteLine(InteropTable.Of(rows));
        foreach (InteropRow row in rows)
        {
            output.WriteLine($"{row.Server}: {string.Join(", ", row.Outcomes(race => race.Defaults).Where(outcome => outcome.Failure is not null).CountBy(outcome => Racing.FailureKind.Of(outcome.Failure!)))}");
        }

        rows.ShouldAllBe(row => row.Races.Count == InteropSuite.Kinds.Count);
        foreach (InteropRow row in rows)
        {
            Judge(row);
        }
    }

    private static void Judge(InteropRow row)
    {
        if (row.Advertised is AdvertisedWhen.Always)
        {
            // The runtime reads the header as well: it does not go near the closing age.
            row.Raced(race => race.Plain).ShouldBe(0, row.Server);
        }
        else if (!s_uneven.Contains(row.Server))
        {
            row.Raced(race => race.Plain).ShouldBeGreaterThan(0, $"{row.Server}: without a race nothing is shown");
        }

        row.ExecutedTwice(race => race.Defaults).GetValueOrDefault().ShouldBe(0, row.Server);
        row.ExecutedTwice(race => race.Configured).GetValueOrDefault().ShouldBe(0, row.Server);
        row.Outcomes(race => race.Configured).ShouldAllBe(outcome => outcome.Failure == null, row.Server);
        foreach (InteropRace race in row.Races)
        {
            bool unsafeToRepeat = race.Kind.Method == HttpMethod.Post;
            foreach (RaceOutcome failed in race.Defaults.Outcomes.Where(outcome => outcome.Failure is not null))
            {
                unsafeToRepeat.ShouldBeTrue($"{row.Server}, {race.Kind.Name}: {failed.Failure}");
                failed.Failure.ShouldBeOfType<StaleConnectionException>(row.Server).Delivery.ShouldBe(Delivery.Unknown, $"{row.Server}, {race.Kind.Name}: {failed.Failure}");
            }
        }
    }
}
