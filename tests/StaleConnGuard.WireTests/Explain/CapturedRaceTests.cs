using StaleConnGuard.Diagnosis;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>
/// Real races of .NET's client, of Go's and of the guard, captured by tcpdump in several places, against what the clients saw, what the server counted, and what
/// the guard judged by its kernel's numbers. All servers, and more requests: the benchmark command explain-truth.
/// </summary>
[Collection(ExactTime.Collection)]
public class CapturedRaceTests(ITestOutputHelper output)
{
    private const int Requests = 8;
    private const int Rounds = 2;
    private const int Gaps = 40;

    [Theory]
    [InlineData("nginx", "haproxy")]
    [InlineData("AWS NLB", "IIS", "nginx-tls")]
    public async Task Explain_CapturedRace_FindsEveryRacedRequestAndInventsNone(params string[] servers)
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(TcpDump.IsAvailable(out reason), reason);
        Requirement.MetOrSkip(GoClient.IsAvailable(out reason), reason);
        foreach (string server in servers)
        {
            Requirement.MetOrSkip(RealServer.IsAvailable(server, out reason), reason);
        }

        CapturedRace[] races = await Task.WhenAll(servers.Select(server => CapturedRace.RunAsync(server, Requests, Rounds)));

        foreach (CapturedRace race in races)
        {
            using (race)
            {
                race.Raced.ShouldNotBeEmpty($"{race.Server}: without a race nothing is shown");
                JudgeWhole(race, CapturedRace.AtClient, VantagePoint.Client);
                JudgeWhole(race, CapturedRace.AtServer, VantagePoint.Server);
                JudgeWhole(race, CapturedRace.OnAny, VantagePoint.Client);
                JudgeWhole(race, CapturedRace.Truncated, VantagePoint.Client);
                JudgeParts(race);
            }
        }
    }

    private void JudgeWhole(CapturedRace race, string spot, VantagePoint point)
    {
        CaptureComparison said = race.Compare(spot);
        string where = $"{race.Server}, {spot}";
        output.WriteLine($"{where}: raced {said.Raced}, found {said.Found}, judged like the guard {said.Agreed}; {string.Join(", ", said.Explanation.Verdicts)}; {string.Join(" ", said.Explanation.Causes.Select(cause => cause.Sentence))}");

        said.Explanation.VantagePoint.ShouldBe(point, where);
        said.Missed.ShouldBeEmpty(where);
        said.Invented.ShouldBeEmpty(where);
        said.Wrong.ShouldBeEmpty(where);
        said.Disagreed.ShouldBeEmpty(where);
        said.Explanation.Causes[0].Settings.ShouldNotBeEmpty(where);
    }

    // Less was captured: less may be found, and nothing else.
    private void JudgeParts(CapturedRace race)
    {
        CaptureComparison oneDirection = race.Compare(CapturedRace.OneDirection);
        oneDirection.Found.ShouldBe(0, race.Server);
        oneDirection.Explanation.UnknownBecause.Keys.ShouldContain(Reason.OneDirectionOnly);
        CaptureComparison middle = race.Compare(CapturedRace.FromTheMiddle);
        middle.Invented.ShouldBeEmpty(race.Server);
        middle.Explanation.Frames.ShouldBeGreaterThan(0);

        byte[] whole = File.ReadAllBytes(race.PathOf(CapturedRace.AtClient));
        int found = 0;
        for (int seed = 0; seed < Gaps; seed++)
        {
            var random = new Random(seed);
            CaptureComparison gaps = race.Compare($"with gaps, seed {seed}", PcapEditor.Only(whole, _ => random.Next(100) >= 1 + (seed % 20)));
            gaps.Invented.ShouldBeEmpty($"{race.Server}, {gaps.Spot}");
            gaps.Wrong.ShouldBeEmpty($"{race.Server}, {gaps.Spot}");
            found += gaps.Found;
        }

        output.WriteLine($"{race.Server}: from the middle {middle.Found} of {middle.Raced}, one direction {oneDirection.Found}, with gaps {found} of {Gaps * middle.Raced}");
        found.ShouldBeGreaterThan(0, race.Server);
    }
}
