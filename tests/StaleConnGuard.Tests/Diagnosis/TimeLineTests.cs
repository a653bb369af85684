using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

/// <summary>The picture of a lost request: what crossed on the wire crosses in it, wherever the capture was made.</summary>
public class TimeLineTests
{
    private const string Ring = "class=\"cross\"";

    private readonly CaptureScript _script = new();
    private readonly ScriptedExchange _exchange;

    public TimeLineTests() => _exchange = new ScriptedExchange(_script);

    [Fact]
    public void Request_and_fin_cross_when_captured_at_the_client()
    {
        _exchange.Handshake(0, roundTrip: 20).Answered(40).Request(1028).ServerFin(1040).ClientSeesAll();

        Picture().ShouldContain(Ring);
    }

    [Fact]
    public void Request_and_fin_cross_when_captured_at_the_server()
    {
        _exchange.HandshakeSeenAtServer(0, roundTrip: 20).Answered(40).ServerFin(1040);
        _exchange.Request(1045);

        Picture().ShouldContain(Ring);
    }

    [Fact]
    public void Fin_that_comes_late_crosses_all_the_same_because_its_number_says_so()
    {
        // Later than a round trip after the request: by the handshake alone it would have left after the request had arrived.
        _exchange.Handshake(0, roundTrip: 20).Answered(40).Request(1028).ServerFin(1060).ClientSeesAll();

        Finding finding = _script.Explain().Only();

        finding.Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
        TimeLine.Draw(finding).ShouldContain(Ring);
    }

    [Fact]
    public void Request_that_was_sent_after_the_fin_crosses_nothing()
    {
        _exchange.Handshake(0, roundTrip: 20).Answered(40).ServerFin(1040).ClientSeesAll().Request(1050);

        Picture().ShouldNotContain(Ring);
    }

    [Fact]
    public void Request_that_was_taken_crosses_nothing()
    {
        _exchange.Handshake(0, roundTrip: 20).Answered(40).Request(1000).Taken().ServerFin(1012).ClientSeesAll();

        IReadOnlyList<PacketFlight> flights = PacketFlights.Of(_script.Explain().Only());

        PacketFlight request = flights.Single(flight => flight.Packet is { IsFromClient: true, Length: > 0, Frame: 6 });
        flights.Single(flight => flight.IsEnd).Left.ShouldBeGreaterThan(request.Arrived, "it acknowledges the request");
    }

    [Fact]
    public void Without_a_handshake_nobody_knows_how_long_packets_travel()
    {
        _ = new ScriptedExchange(_script).Answered(20).Request(1028).ServerFin(1030);

        string picture = Picture();

        picture.ShouldNotContain(Ring);
        picture.ShouldNotContain("captured here");
    }

    [Fact]
    public void What_is_later_is_never_higher_up_and_long_pauses_are_cut_short()
    {
        long[] moments = [0, 1_000, 1_000, 5_000_000_000, 5_000_000_001, 5_010_000_000];

        var axis = new TimeAxis(moments.Select((time, i) => (time, i % 3)), TimeSpan.FromMilliseconds(10), top: 50);

        double[] heights = [.. moments.Select(axis.HeightOf)];
        heights.ShouldBe(heights.Order());
        heights[1].ShouldBe(heights[2]);
        axis.Breaks.ShouldHaveSingleItem().Span.TotalSeconds.ShouldBe(5, tolerance: 0.001);
        axis.Bottom.ShouldBeLessThan(300);
    }

    private string Picture() => TimeLine.Draw(_script.Explain().Only());
}
