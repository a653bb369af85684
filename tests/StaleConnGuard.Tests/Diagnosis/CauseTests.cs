using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

/// <summary>From closes at idle ages to whose timeout is the shorter one, and what to set.</summary>
public class CauseTests
{
    private const byte FinAck = CaptureScript.Fin | CaptureScript.Ack;

    private readonly CaptureScript _script = new();
    private ushort _port = 40000;

    [Fact]
    public void Restart_is_no_timeout()
    {
        CloseAt(start: 0, 5004, 5003, 5005, 5008);
        CloseTogether(at: 60_000, 300, 1200, 2500, 4000);

        Cause cause = Explain();

        cause.Timeout.ShouldBe(TimeSpan.FromSeconds(5));
        cause.Ages!.IsEven.ShouldBeTrue();
        cause.Ages.AtRestart.ShouldBe(4);
        cause.Sentence.ShouldEndWith("4 connections of all ages closed together, as a restart or a drain does.");
    }

    [Fact]
    public void Nothing_but_a_restart_sets_nothing()
    {
        CloseTogether(at: 60_000, 300, 1200, 2500, 4000);

        Cause cause = Explain();

        cause.Timeout.ShouldBeNull();
        cause.Settings.ShouldBeEmpty();
        cause.Sentence.ShouldContain("4 connections, 0 requests lost. No timeout is seen.");
    }

    [Fact]
    public void Ages_are_grouped_and_the_lowest_large_group_is_the_timeout()
    {
        CloseAt(start: 0, 5004, 5003, 5005, 5008, 5002, 5003, 5004, 5009, 5001, 800);

        Cause cause = Explain();

        cause.Timeout.ShouldBe(TimeSpan.FromSeconds(5));
        cause.Ages!.Groups.Select(group => group.Count).ShouldBe([1, 9]);
        cause.Sentence.ShouldEndWith(" 1 close at other ages.");
    }

    [Fact]
    public void Ages_without_a_rule_are_a_range()
    {
        CloseAt(start: 0, 1000, 2000, 3000, 4000, 5000, 6000);

        Explain().Sentence.ShouldStartWith("10.0.0.7:9000 closes idle connections at idle ages of 1.0 s to 6.0 s, before the client does");
    }

    [Theory]
    [InlineData(5004, "ApacheHttpd,NodeLegacy,Uvicorn,CloudFrontOrigin", null)]
    [InlineData(7004, "", "ApacheHttpd")]
    public void Preset_that_fits_is_named_or_else_the_nearest(int age, string fitting, string? nearest)
    {
        CloseAt(start: 0, age);

        Cause cause = Explain();

        cause.Presets.Select(preset => preset.Name).ShouldBe(fitting.Split(',', StringSplitOptions.RemoveEmptyEntries), ignoreOrder: true);
        (cause.Nearest?.Timeout).ShouldBe(nearest is null ? null : KnownServerTimeouts.All.Single(preset => preset.Name == nearest).Timeout);
    }

    [Fact]
    public void Client_that_lets_go_first_is_said_to_do_so()
    {
        for (int i = 0; i < 3; i++)
        {
            Exchange().Handshake(i * 10).Answered(20 + (i * 10)).FromClient(4035 + (i * 10), FinAck).Taken().ServerFin(4045 + (i * 10));
        }

        Cause cause = Explain();

        cause.Sentence.ShouldBe("Your client closes idle connections to 10.0.0.7:9000 after 4.0 s, before the server does: 3 closes. Its timeout is the shorter one, as it should be.");
        cause.Settings.ShouldBeEmpty();
    }

    [Fact]
    public void Streams_above_go_away_are_no_timeouts_fault()
    {
        Exchange().Handshake(0).FromClient(20, CaptureScript.Ack, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Headers(1)).Taken().Respond(30, Headers(1))
            .FromClient(1000, CaptureScript.Ack, Headers(3)).Taken().FromServer(1001, CaptureScript.Ack, "\0\0\u0008\u0007\0\0\0\0\0\0\0\0\u0001\0\0\0\0").ServerFin(1002);

        Cause cause = Explain();

        cause.Sentence.ShouldContain("GOAWAY: 1 request above its last stream");
        cause.Settings.ShouldBeEmpty();

        static string Headers(int stream) => "\0\0\u0001\u0001\u0005\0\0\0" + (char)stream + "x";
    }

    [Fact]
    public void Gateway_is_at_the_client_of_some_and_at_the_server_of_others()
    {
        Exchange().Handshake(0, roundTrip: 40).Answered(100).ServerFin(5110);
        var front = new ScriptedExchange(_script, 45000, 8080);
        front.HandshakeSeenAtServer(0, roundTrip: 40).Answered(100).ServerFin(5110);

        Explanation explanation = _script.Explain();

        explanation.VantagePoint.ShouldBe(VantagePoint.Several);
        explanation.Servers.ToDictionary(server => server.Server.Port, server => server.VantagePoint.Find())
            .ShouldBe(new Dictionary<ushort, VantagePoint> { [9000] = VantagePoint.Client, [8080] = VantagePoint.Server }, ignoreOrder: true);
    }

    [Fact]
    public void What_is_well_does_not_crowd_out_what_is_not()
    {
        for (int i = 0; i < 1005; i++)
        {
            Exchange().Handshake(i).Answered(20 + i).ServerFin(5034 + i).ClientSeesAll().FromClient(5044 + i, FinAck);
        }

        Exchange().Handshake(20_000).Answered(20_020).Request(25_030).ServerFin(25_034);

        Explanation explanation = _script.Explain();

        explanation.FindingsInAll.ShouldBe(1006);
        explanation.TroubleInAll.ShouldBe(1);
        explanation.Findings.Count.ShouldBe(1001);
        explanation.Findings[^1].Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
    }

    private Cause Explain() => _script.Explain().Causes.ShouldHaveSingleItem();

    private ScriptedExchange Exchange() => new(_script, _port++);

    // One after the other, so that no two close at one moment.
    private void CloseAt(double start, params int[] ages)
    {
        foreach (int age in ages)
        {
            Exchange().Handshake(start).Answered(start + 20).ServerFin(start + 30 + age).ClientSeesAll().FromClient(start + 40 + age, FinAck);
            start += 211;
        }
    }

    private void CloseTogether(double at, params int[] ages)
    {
        foreach (int age in ages)
        {
            Exchange().Handshake(at - age - 30).Answered(at - age - 10).ServerFin(at).ClientSeesAll().FromClient(at + 10, FinAck);
        }
    }
}
