using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

/// <summary>What is not in a capture is not claimed, and what is there is not lost for it.</summary>
public class GapTests
{
    private readonly CaptureScript _script = new();
    private readonly ScriptedExchange _exchange;

    public GapTests() => _exchange = new ScriptedExchange(_script);

    [Fact]
    public void Answer_of_an_earlier_request_that_was_not_captured_does_not_hide_the_race()
    {
        _exchange.Handshake(0).Request(20, "GET /warm HTTP/1.1\r\n\r\n").Taken().Respond(30, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        _ = _script.Lose();
        _exchange.Request(1028).ServerFin(1030);

        Finding finding = _script.Explain().Only();

        finding.Judgement.ShouldBe(new Judgement(Verdict.LostInFlight, Reason.FinBeforeRequest, Delivery.ProvenUndelivered));
        finding.Request!.Method.ShouldBe("POST");
        finding.Request.Ordinal.ShouldBe(2);
    }

    [Fact]
    public void Answer_of_an_earlier_request_of_which_a_part_was_captured_does_not_hide_the_race_either()
    {
        _exchange.Handshake(0).Request(20, "GET /warm HTTP/1.1\r\n\r\n").Taken().Respond(30, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
        _ = _script.Lose();
        _exchange.Respond(31, "body").Request(1028).ServerFin(1030);

        _script.Explain().Only().Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
    }

    [Fact]
    public void Answer_of_the_request_itself_that_was_not_captured_makes_it_unknown_after_a_gap_as_before()
    {
        _exchange.Handshake(0).Request(20, "GET /warm HTTP/1.1\r\n\r\n").Taken().Respond(30, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        _ = _script.Lose();
        _exchange.Request(1028).Taken().Respond(1040, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        _ = _script.Lose();
        _exchange.ServerFin(2000);

        Explanation explanation = _script.Explain();

        explanation.Only().Judgement.ShouldBe(new Judgement(Verdict.Unknown, Reason.HoleInServerStream));
        explanation.UnknownBecause.ShouldBe(new Dictionary<Reason, long> { [Reason.HoleInServerStream] = 1 });
    }

    [Theory]
    [InlineData("HTTP/1.1", nameof(Verdict.LostInFlight))]
    [InlineData("HTTP/1.1", nameof(Verdict.TakenThenClosed))]
    [InlineData("HTTP/1.1", "none")]
    [InlineData("TLS", nameof(Verdict.LostInFlight))]
    [InlineData("TLS", nameof(Verdict.TakenThenClosed))]
    [InlineData("TLS", "none")]
    public void Any_two_frames_may_be_missing_and_no_more_is_claimed_than_with_all_of_them(string protocol, string truth)
    {
        string data = "\u0017\u0003\u0003\u0000\u0060" + new string('x', 96);
        (string request, string response) = protocol == "TLS" ? (data, data) : ("POST /a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        _exchange.Handshake(0);
        if (protocol == "TLS")
        {
            _exchange.FromClient(12, CaptureScript.Ack, "\u0016\u0003\u0001\u0000\u0004\u0001\0\0\0").Taken().Respond(15, "\u0016\u0003\u0003\u0000\u0004\u0002\0\0\0");
        }

        _exchange.Answered(20, request, response).Answered(500, request, response);
        _exchange.FromClient(515, CaptureScript.Ack);
        if (truth != "none")
        {
            _exchange.Request(1528, request);
        }

        if (truth == nameof(Verdict.TakenThenClosed))
        {
            _exchange.Taken().FromServer(1529, CaptureScript.Ack);
        }

        _exchange.ServerFin(1530).ClientSeesAll().FromClient(1541, CaptureScript.Fin | CaptureScript.Ack).Taken().FromServer(1550, CaptureScript.Ack);
        _script.Explain().Findings.Count(finding => finding.IsTrouble).ShouldBe(truth == "none" ? 0 : 1);
        int known = 0;

        for (int one = 0; one < _script.Frames.Count; one++)
        {
            for (int other = one; other < _script.Frames.Count; other++)
            {
                Explanation explanation = _script.ToArray(missing: [one, other]).Explain();
                foreach (Finding finding in explanation.Findings.Where(finding => finding.IsTrouble))
                {
                    finding.Judgement.Verdict.ToString().ShouldBe(truth, $"without frames {one + 1} and {other + 1}");
                    known++;
                }
            }
        }

        (known > 0).ShouldBe(truth != "none", "what is there is still seen");
    }

    [Fact]
    public void Reset_of_a_connection_whose_handshake_was_not_captured_whole_is_not_the_listener()
    {
        _exchange.Handshake(0).Answered(20).Request(400_000).ServerAnswersWithReset(400_010);

        Explanation explanation = _script.ToArray(missing: [1, 3, 5]).Explain();

        explanation.Findings.ShouldAllBe(finding => finding.Judgement.Verdict != Verdict.ResetByListener);
    }

    [Fact]
    public void Reset_whose_number_lies_beyond_what_was_captured_shows_the_gap()
    {
        _exchange.Handshake(0).Answered(20).Request(400_000).ServerAnswersWithReset(400_010);

        // Without the answer, the request that met the reset, and whatever acknowledged anything.
        Finding finding = _script.ToArray(missing: [4, 5]).Explain().Only();

        finding.Judgement.ShouldBe(new Judgement(Verdict.Unknown, Reason.HoleInServerStream));
    }

    [Fact]
    public void Frames_without_time_stamps_show_the_race_but_no_idle_age_and_no_place()
    {
        _exchange.Handshake(0).Answered(20).Request(1028).ServerFin(1030);
        _ = new ScriptedExchange(_script, 41000).Handshake(0).Answered(20).ServerFin(5000);

        Explanation explanation = _script.ToPcapNg(isSimple: true).Explain();

        explanation.VantagePoint.ShouldBe(VantagePoint.Unknown);
        explanation.Warnings.ShouldHaveSingleItem().ShouldContain("no time stamp");
        explanation.Causes.ShouldBeEmpty();
        explanation.Findings.Select(finding => finding.Judgement.Verdict).ShouldBe([Verdict.LostInFlight, Verdict.Unknown], ignoreOrder: true);
        explanation.Findings.ShouldAllBe(finding => finding.IdleAtEnd == null && finding.IdleAtRequest == null);
        explanation.UnknownBecause.Keys.ShouldBe([Reason.NoTimes]);
    }

    [Fact]
    public void Translated_addresses_are_the_same_connection_once_more()
    {
        _exchange.Handshake(0).Answered(20).Request(1028).ServerFin(1030);
        var translated = new CaptureScript();
        foreach ((long time, byte[] frame, int _) in _script.Frames)
        {
            _ = translated.Add(time, frame);
            byte[] behind = [.. frame];
            foreach (int port in (int[])[14 + 20, 14 + 20 + 2])
            {
                // The server's port stays; the client comes from another one.
                bool isClient = behind[port] == 40000 >> 8 && behind[port + 1] == (40000 & 0xFF);
                behind[port + 1] += (byte)(isClient ? 3 : 0);
            }

            _ = translated.Add(time + 5, behind);
        }

        Explanation explanation = translated.Explain();

        explanation.Twins.ShouldBe(1);
        explanation.Connections.ShouldBe(1);
        explanation.Only().Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
    }
}
