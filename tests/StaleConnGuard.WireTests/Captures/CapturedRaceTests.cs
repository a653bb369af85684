using StaleConnGuard.Diagnosis;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Captures;

/// <summary>Real races, captured by tcpdump in three places, against what the client saw and what the server counted.</summary>
[Collection(ExactTime.Collection)]
public class CapturedRaceTests(ITestOutputHelper output)
{
    private const int Requests = 12;
    private const int Rounds = 2;

    // They close on the beat of a timer: in a run this short a race with one of them is luck.
    private static readonly string[] s_uneven = ["uwsgi", "gunicorn", RealServer.Kestrel];

    [Theory]
    [InlineData("nginx", "go", "haproxy")]
    [InlineData("uwsgi", "gunicorn", RealServer.Kestrel)]
    [InlineData("node", "AWS NLB", "IIS")]
    [InlineData("nginx-tls", "caddy-tls")]
    public async Task Explain_CapturedRace_FindsEveryRacedRequestAndInventsNone(params string[] servers)
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(TcpDump.IsAvailable(out reason), reason);
        foreach (string server in servers)
        {
            Requirement.MetOrSkip(RealServer.IsAvailable(server, out reason), reason);
        }

        CapturedRace[] races = await Task.WhenAll(servers.Select(server => CapturedRace.RunAsync(server, Requests, Rounds)));

        foreach ((string server, CapturedRace race) in servers.Zip(races))
        {
            using (race)
            {
                Judge(server, race);
            }
        }
    }

    private void Judge(string server, CapturedRace race)
    {
        string[] raced = [.. race.Outcomes.Where(outcome => outcome.Raced).Select(outcome => outcome.RequestId).Order(StringComparer.Ordinal)];
        if (!s_uneven.Contains(server) && server != "node")
        {
            raced.ShouldNotBeEmpty($"{server}: without a race nothing is shown");
        }

        (string Path, VantagePoint Point)[] captures =
            [(race.AtClient, VantagePoint.Client), (race.AtServer, VantagePoint.Server), (race.OnAny, VantagePoint.Client), (race.Truncated, VantagePoint.Client)];
        foreach ((string path, VantagePoint point) in captures)
        {
            string where = $"{server}, {Path.GetFileName(path)}";
            Explanation explanation = CapturedRace.Explain(path);
            Finding[] trouble = [.. explanation.Findings.Where(finding => finding.IsTrouble)];
            output.WriteLine($"{where}: raced {raced.Length}, found {trouble.Length}: {string.Join(", ", trouble.CountBy(finding => (finding.Judgement.Verdict, finding.Judgement.Reason)))}; all {string.Join(", ", explanation.Verdicts)}; {string.Join(" ", explanation.Causes.Select(cause => cause.Sentence))}");

            explanation.VantagePoint.ShouldBe(point, where);
            if (server.EndsWith("-tls", StringComparison.Ordinal) || path == race.Truncated)
            {
                trouble.Length.ShouldBe(raced.Length, where);
            }
            else
            {
                string.Join('\n', trouble.Select(finding => CapturedRace.IdOf(finding) ?? "?").Order(StringComparer.Ordinal)).ShouldBe(string.Join('\n', raced), customMessage: where);
            }

            foreach (Finding finding in trouble)
            {
                JudgeDelivery(finding, race, where);
            }

            if (explanation.Causes.Count > 0 && raced.Length > 0)
            {
                explanation.Causes[0].Settings.ShouldNotBeEmpty(where);
            }
        }
    }

    // The plain client repeats what has no body; the server counts both. What has one is executed or not.
    private static void JudgeDelivery(Finding finding, CapturedRace race, string where)
    {
        if (finding.Judgement.Delivery is not Delivery.ProvenUndelivered || race.Executions is not { } executions || CapturedRace.IdOf(finding) is not { } id)
        {
            return;
        }

        RaceOutcome? outcome = race.Outcomes.FirstOrDefault(outcome => outcome.RequestId == id);
        if (outcome is { Failure: not null })
        {
            executions.CountOf(id).ShouldBe(0, $"{where}: {id} was said to be undelivered");
        }
    }
}
