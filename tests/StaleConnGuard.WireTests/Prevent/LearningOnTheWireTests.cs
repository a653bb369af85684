using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>Learning from nothing, with default options, from real servers behind the delayed link.</summary>
[Collection(ExactTime.Collection)]
public class LearningOnTheWireTests(ITestOutputHelper output)
{
    private static readonly string[] s_servers = ["nginx", "gunicorn", "uwsgi", "go", RealServer.Kestrel];

    // A long way makes a wide race: one POST in forty falls into it, on a slow machine as well.
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Learning_RealServersAtTwoSeconds_FailsNothingButWhatCannotBeProven()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string linkReason), linkReason);
        foreach (string server in s_servers)
        {
            Requirement.MetOrSkip(RealServer.IsAvailable(server, out string reason), reason);
        }

        IReadOnlyList<LearningResult> results = await LearningRaces.RunAsync(s_servers, s_idleTimeout, s_delay, TimeSpan.FromSeconds(14), workers: 48);

        output.WriteLine(LearningTable.Of(results));
        results.Sum(result => result.PlainFailed).ShouldBeGreaterThan(0, "without a race nothing is shown");
        foreach (LearningResult result in results)
        {
            (result.Known.IdleCloses + result.Known.StaleHits).ShouldBeGreaterThan(0, $"{result.Server}: nothing was there to learn from");
            result.ExecutedTwice.ShouldBe(0, result.Server);

            // A reset proves nothing, and neither does an end whose server went on acknowledging while it closed.
            result.GuardedFailures.ShouldAllBe(sent => sent.Hits > 0 && ((StaleConnectionException)sent.Failure!).Delivery == Delivery.Unknown, result.Server);
            result.Known.Learned.ShouldNotBeNull(result.Server);
            result.Known.Limit!.Value.ShouldBeLessThan(result.ClosingAges[0], result.Server);

            // A machine that stops for a second can meet a stale connection at any limit; it does not do so all the time.
            result.HitsAfter.ShouldBeLessThanOrEqualTo(3, result.Server);
        }
    }
}
