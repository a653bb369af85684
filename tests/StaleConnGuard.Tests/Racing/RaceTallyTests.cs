using System.Net.Sockets;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Tests.Racing;

public class RaceTallyTests
{
    [Fact]
    public void Of_HundredAnswered_TakesThePercentilesOfThoseAnsweredOnly()
    {
        RaceOutcome[] outcomes = [.. Enumerable.Range(1, 100).Select(i => Answered(i)), Failed(new HttpRequestException("x"), 5_000)];

        var tally = RaceTally.Of(outcomes, connectionsOpened: 7);

        tally.Requests.ShouldBe(101);
        tally.Failed.ShouldBe(1);
        tally.Median.ShouldBe(TimeSpan.FromMilliseconds(50));
        tally.Percentile99.ShouldBe(TimeSpan.FromMilliseconds(99));
        tally.ConnectionsOpened.ShouldBe(7);
    }

    [Fact]
    public void Of_NothingAnswered_HasNoLatency()
    {
        var tally = RaceTally.Of([Failed(new HttpRequestException("x"), 1)], connectionsOpened: 1);

        tally.Median.ShouldBeNull();
        tally.Percentile99.ShouldBeNull();
    }

    [Fact]
    public void Of_RacedAndAnswered_CountsAsRacedButNotAsFailed()
    {
        var tally = RaceTally.Of([Answered(1) with { Raced = true }, Answered(2)], connectionsOpened: 2);

        tally.Raced.ShouldBe(1);
        tally.Failed.ShouldBe(0);
    }

    [Fact]
    public void Of_DifferentFailures_CountsThemByKind()
    {
        var ended = new HttpRequestException(HttpRequestError.ResponseEnded, "x");
        var reset = new HttpRequestException("x", new IOException("y", new SocketException((int)SocketError.ConnectionReset)));
        var gateway = new HttpRequestException("x", null, System.Net.HttpStatusCode.BadGateway);

        var tally = RaceTally.Of([Failed(ended, 1), Failed(ended, 1), Failed(reset, 1), Failed(gateway, 1), Failed(new TaskCanceledException(), 1)], 5);

        tally.Failures.ShouldBe(
            new Dictionary<string, int>(StringComparer.Ordinal)
            {
                ["HttpRequestException (ResponseEnded)"] = 2,
                ["HttpRequestException (ConnectionReset)"] = 1,
                ["HTTP 502"] = 1,
                ["TaskCanceledException"] = 1,
            },
            ignoreOrder: true);
    }

    private static RaceOutcome Answered(int milliseconds) => new($"r{milliseconds}", null, TimeSpan.FromMilliseconds(milliseconds), Raced: false);

    private static RaceOutcome Failed(Exception failure, int milliseconds) => new("f", failure, TimeSpan.FromMilliseconds(milliseconds), Raced: true);
}
