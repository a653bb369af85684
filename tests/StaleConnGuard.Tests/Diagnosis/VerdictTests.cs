using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

/// <summary>Each verdict from packets that show it, and the same packets with one thing missing. Sequence numbers wrap around in all of them.</summary>
public class VerdictTests
{
    private const byte FinAck = CaptureScript.Fin | CaptureScript.Ack;

    private readonly CaptureScript _script = new();
    private readonly ScriptedExchange _exchange;

    public VerdictTests() => _exchange = new ScriptedExchange(_script);

    [Fact]
    public void Request_that_crosses_the_fin_is_lost_in_flight_and_proven_undelivered()
    {
        _exchange.Handshake(0).Answered(20).Request(1028).ServerFin(1030).ClientSeesAll().FromClient(1041, FinAck).ServerAnswersWithReset(1050);

        Finding finding = _script.Explain().Only();

        finding.Judgement.ShouldBe(new Judgement(Verdict.LostInFlight, Reason.FinBeforeRequest, Delivery.ProvenUndelivered));
        finding.Request!.Method.ShouldBe("POST");
        finding.Request.Path.ShouldBe("/orders", "the query is nobody's business");
        finding.Request.Frame.ShouldBe(6);
        finding.End!.Frame.ShouldBe(7);
        finding.Requests.ShouldBe(2);
        finding.IdleAtRequest.ShouldBe(TimeSpan.FromMilliseconds(998));
        finding.IdleAtEnd.ShouldBe(TimeSpan.FromMilliseconds(1000));
        finding.Server.ToString().ShouldBe("10.0.0.7:9000");
    }

    [Fact]
    public void Request_that_acknowledges_the_fin_was_sent_after_it()
    {
        _exchange.Handshake(0).Answered(20).ServerFin(1030).ClientSeesAll().Request(1050).ServerAnswersWithReset(1060);

        _script.Explain().Only().Judgement.ShouldBe(new Judgement(Verdict.SentAfterFin, Reason.FinAcknowledgedByRequest, Delivery.ProvenUndelivered));
    }

    [Fact]
    public void Fin_that_acknowledges_a_byte_of_the_request_proves_nothing()
    {
        _exchange.Handshake(0).Answered(20).Request(1000).Taken().ServerFin(1010).ClientSeesAll().FromClient(1020, FinAck);

        _script.Explain().Only().Judgement.ShouldBe(new Judgement(Verdict.TakenThenClosed, Reason.FinAfterRequest, Delivery.Unknown));
    }

    [Fact]
    public void Fin_that_acknowledges_a_part_of_the_request_proves_nothing()
    {
        _exchange.Handshake(0).Answered(20).Request(1000, "POST /a HTTP/1.1\r\n").Taken().FromClient(1001, CaptureScript.Ack, "Content-Length: 3\r\n\r\nabc").ServerFin(1010);

        _script.Explain().Only().Judgement.ShouldBe(new Judgement(Verdict.TakenThenClosed, Reason.FinAfterRequest, Delivery.Unknown));
    }

    [Fact]
    public void First_fin_counts_though_it_is_sent_again_with_a_later_acknowledgment()
    {
        SendFinTwice(isFirstCaptured: true);

        Finding finding = _script.Explain().Only();

        finding.Judgement.ShouldBe(new Judgement(Verdict.LostInFlight, Reason.FinBeforeRequest, Delivery.ProvenUndelivered));
        finding.End!.Frame.ShouldBe(7);
        finding.Request!.AcknowledgedIn.ShouldBe(8);
    }

    [Fact]
    public void Fin_that_was_not_captured_proves_nothing_and_the_one_sent_again_only_what_it_says()
    {
        SendFinTwice(isFirstCaptured: false);

        Finding finding = _script.Explain().Only();

        finding.Judgement.ShouldBe(new Judgement(Verdict.TakenThenClosed, Reason.FinAfterRequest, Delivery.Unknown));
        finding.End!.Frame.ShouldBe(7);
    }

    [Fact]
    public void Reset_of_an_idle_connection_that_crosses_the_request_loses_it_but_the_client_cannot_know()
    {
        _exchange.Handshake(0).Answered(20).Request(1000).FromServer(1002, CaptureScript.Reset | CaptureScript.Ack);

        Finding finding = _script.Explain().Only();

        finding.Judgement.ShouldBe(new Judgement(Verdict.LostInFlight, Reason.ResetCrossedRequest, Delivery.Unknown));
        finding.IsReset.ShouldBeTrue();
    }

    [Fact]
    public void Reset_after_the_request_was_acknowledged_is_not_safe()
    {
        _exchange.Handshake(0).Answered(20).Request(1000).Taken().FromServer(1002, CaptureScript.Reset | CaptureScript.Ack);

        _script.Explain().Only().Judgement.ShouldBe(new Judgement(Verdict.ResetAfterTaken, Reason.ResetAfterAcknowledgment, Delivery.Unknown));
    }

    [Fact]
    public void Reset_that_answers_the_request_comes_from_who_forgot_the_connection()
    {
        _exchange.Handshake(0).Answered(20).Request(400_000).ServerAnswersWithReset(400_010);

        Explanation explanation = _script.Explain();

        explanation.Only().Judgement.ShouldBe(new Judgement(Verdict.ResetForgotten, Reason.ResetAnswersRequest, Delivery.Unknown));
        Cause cause = explanation.Causes.ShouldHaveSingleItem();
        cause.Timeout.ShouldBeNull("the capture does not show it");
        cause.Presets.Select(preset => preset.Name).ShouldContain("AwsNlb");
    }

    [Fact]
    public void Reset_of_a_new_connection_before_a_byte_came_back_is_the_listener()
    {
        _exchange.Handshake(0).Request(20).ServerAnswersWithReset(30);

        _script.Explain().Only().Judgement.Verdict.ShouldBe(Verdict.ResetByListener);
    }

    [Theory]
    [InlineData(1, nameof(Verdict.Open))]
    [InlineData(2, nameof(Verdict.Open))]
    [InlineData(3, nameof(Verdict.SilentDrop))]
    [InlineData(5, nameof(Verdict.SilentDrop))]
    public void Request_sent_again_and_again_without_an_answer_is_a_silent_drop(int times, string expected)
    {
        const string Request = "POST /orders HTTP/1.1\r\n\r\n";
        _exchange.Handshake(0).Answered(20).Request(1000, Request);
        for (int i = 1; i < times; i++)
        {
            _exchange.FromClient(1000 + (200 * i), CaptureScript.Ack, Request, isRepeated: true);
        }

        Finding finding = _script.Explain().Only();

        finding.Judgement.Verdict.ToString().ShouldBe(expected);
        finding.Request!.Transmissions.ShouldBe(times);
    }

    [Fact]
    public void Acknowledged_request_that_gets_no_answer_is_no_silent_drop()
    {
        const string Request = "POST /orders HTTP/1.1\r\n\r\n";
        _exchange.Handshake(0).Answered(20).Request(1000, Request);
        for (int i = 1; i < 4; i++)
        {
            _exchange.FromClient(1000 + (200 * i), CaptureScript.Ack, Request, isRepeated: true);
        }

        _exchange.Taken().FromServer(1900, CaptureScript.Ack);

        _script.Explain().Only().Judgement.Verdict.ShouldBe(Verdict.Open);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    public void Response_that_is_shorter_than_it_said_is_cut(string response)
    {
        _exchange.Handshake(0).Request(20).Taken().Respond(30, response).ServerFin(31);

        _script.Explain().Only().Judgement.Verdict.ShouldBe(Verdict.CutResponse);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nuntil the end")]
    public void Whole_response_is_no_trouble(string response)
    {
        _exchange.Handshake(0).Request(20).Taken().Respond(30, response).ServerFin(31);

        _script.Explain().Only().Judgement.Verdict.ShouldBe(Verdict.Clean);
    }

    [Fact]
    public void Close_of_an_idle_connection_is_told_from_one_that_was_not_kept()
    {
        _exchange.Handshake(0).Answered(20).ServerFin(5034).ClientSeesAll().FromClient(5044, FinAck);

        Explanation explanation = _script.Explain();

        explanation.Only().Judgement.Verdict.ShouldBe(Verdict.ClosedIdleByServer);
        Cause cause = explanation.Causes.ShouldHaveSingleItem();
        cause.Timeout.ShouldBe(TimeSpan.FromSeconds(5));
        cause.Presets.Select(preset => preset.Name).ShouldBe(["ApacheHttpd", "NodeLegacy", "Uvicorn", "CloudFrontOrigin"], ignoreOrder: true);
        cause.Settings.ShouldNotBeEmpty("the next request may cross such a close");
        cause.Sentence.ShouldBe("10.0.0.7:9000 closes idle connections after 5.0 s, before the client does: 1 close, no request lost to it here. Any request that crosses such a close will be.");
    }

    [Fact]
    public void Cause_counts_what_was_lost_and_names_the_setting()
    {
        _exchange.Handshake(0).Answered(20).Request(5028).ServerFin(5034).ClientSeesAll();

        Cause cause = _script.Explain().Causes.ShouldHaveSingleItem();

        cause.Sentence.ShouldBe("Your client keeps idle connections longer than the 5.0 s after which 10.0.0.7:9000 closes them: 1 request lost, 1 of them POST.");
        cause.Settings.Single(setting => setting.Where == "nginx").Text.ShouldContain("keepalive_timeout 4000ms;");
        cause.Settings.Select(setting => setting.Where).ShouldBeUnique();
    }

    [Fact]
    public void Client_that_closes_first_gave_up()
    {
        _exchange.Handshake(0).Answered(20).Request(1000).FromClient(2000, FinAck).Taken().ServerFin(2020);

        _script.Explain().Only().Judgement.Verdict.ShouldBe(Verdict.GivenUpByClient);
    }

    [Fact]
    public void Goodbye_of_tls_that_lets_the_client_close_before_the_fin_comes_by_is_no_giving_up()
    {
        string request = "\u0017\u0003\u0003\u0000\u0060" + new string('x', 96);
        string goodbye = "\u0017\u0003\u0003\u0000\u0013" + new string('x', 19);
        _exchange.Handshake(0).FromClient(20, CaptureScript.Ack, "\u0016\u0003\u0001\u0000\u0004\u0001\0\0\0").Taken().Respond(25, "\u0016\u0003\u0003\u0000\u0004\u0002\0\0\0")
            .FromClient(30, CaptureScript.Ack, request).Taken().Respond(40, request)
            .FromClient(1038, CaptureScript.Ack, request).FromServer(1040, CaptureScript.Ack, goodbye).ClientSeesAll().FromClient(1041, FinAck).ServerFin(1042);

        _script.Explain().Only().Judgement.ShouldBe(new Judgement(Verdict.LostInFlight, Reason.FinBeforeRequest, Delivery.ProvenUndelivered));
    }

    [Fact]
    public void Closes_that_cross_are_the_servers()
    {
        _exchange.Handshake(0).Answered(20).FromClient(5030, FinAck).ServerFin(5031);

        _script.Explain().Only().Judgement.Verdict.ShouldBe(Verdict.ClosedIdleByServer);
    }

    [Fact]
    public void Answer_in_a_hole_makes_nothing_lost()
    {
        _exchange.Handshake(0).Answered(20).Request(1000).Taken().Respond(1010, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        _ = _script.Lose();
        _exchange.ServerFin(2000).ClientSeesAll().FromClient(2010, FinAck);

        Finding finding = _script.Explain().Only();

        finding.IsTrouble.ShouldBeFalse();
        finding.Judgement.ShouldBe(new Judgement(Verdict.Unknown, Reason.HoleInServerStream));
    }

    [Fact]
    public void Answer_that_was_not_captured_but_acknowledged_is_not_a_silent_drop()
    {
        const string Request = "POST /orders HTTP/1.1\r\n\r\n";
        _exchange.Handshake(0).Answered(20).Request(1000, Request).Taken().Respond(1010, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        _ = _script.Lose();
        _exchange.FromClient(1020, CaptureScript.Ack);

        _script.Explain().Only().Judgement.ShouldBe(new Judgement(Verdict.Unknown, Reason.HoleInServerStream));
    }

    [Fact]
    public void Request_behind_a_hole_may_have_begun_in_it()
    {
        _exchange.Handshake(0).Answered(20).Request(1000, "POST /a HTTP/1.1\r\n\r\n");
        _ = _script.Lose();
        _exchange.Taken().Request(1001, "POST /b HTTP/1.1\r\n\r\n").ServerFin(1010);

        Finding finding = _script.Explain().Only();

        finding.IsTrouble.ShouldBeFalse();
        finding.Judgement.ShouldBe(new Judgement(Verdict.Unknown, Reason.HoleInClientStream));
    }

    [Fact]
    public void One_direction_proves_nothing()
    {
        var script = new CaptureScript();
        const string Request = "POST /orders HTTP/1.1\r\n\r\n";
        _ = script.Segment(0, 40000, 9000, 100, 500, CaptureScript.Ack, "GET / HTTP/1.1\r\n\r\n"u8);
        for (int i = 0; i < 5; i++)
        {
            _ = script.Segment(1000 + (i * 200), 40000, 9000, 118, 600, CaptureScript.Ack, System.Text.Encoding.ASCII.GetBytes(Request));
        }

        Finding finding = script.Explain().Only();

        finding.IsTrouble.ShouldBeFalse();
        finding.Judgement.ShouldBe(new Judgement(Verdict.Unknown, Reason.OneDirectionOnly));
    }

    [Fact]
    public void Capture_that_begins_in_the_middle_still_sees_the_race()
    {
        _exchange.Handshake(0).Answered(20);
        var middle = new CaptureScript();
        _ = new ScriptedExchange(middle).Answered(20).Request(1028).ServerFin(1030);

        Finding finding = middle.Explain().Only();

        finding.Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
        finding.FromTheBeginning.ShouldBeFalse();
    }

    [Fact]
    public void What_is_not_http_is_not_judged()
    {
        _exchange.Handshake(0).FromClient(20, CaptureScript.Ack, "\u0000\u0000\u0000Xquery").Taken().Respond(30, "rows").FromClient(1000, CaptureScript.Ack, "X").ServerFin(1001);

        Finding finding = _script.Explain().Only();

        finding.Judgement.ShouldBe(new Judgement(Verdict.Unknown, Reason.NotRead));
    }

    [Fact]
    public void Tls_goodbyes_are_neither_requests_nor_answers()
    {
        string request = "\u0017\u0003\u0003\u0000\u0060" + new string('x', 96);
        string goodbye = "\u0017\u0003\u0003\u0000\u0013" + new string('x', 19);
        _exchange.Handshake(0).FromClient(20, CaptureScript.Ack, "\u0016\u0003\u0001\u0000\u0004\u0001\0\0\0").Taken().Respond(25, "\u0016\u0003\u0003\u0000\u0004\u0002\0\0\0")
            .FromClient(30, CaptureScript.Ack, request).Taken().Respond(40, request)
            .FromClient(1038, CaptureScript.Ack, request).FromServer(1040, CaptureScript.Ack, goodbye).ServerFin(1041).ClientSeesAll().FromClient(1050, CaptureScript.Ack, goodbye);

        Finding finding = _script.Explain().Only();

        finding.Judgement.ShouldBe(new Judgement(Verdict.LostInFlight, Reason.FinBeforeRequest, Delivery.ProvenUndelivered));
        finding.Request!.Ordinal.ShouldBe(2);
        finding.IdleAtEnd.ShouldBe(TimeSpan.FromMilliseconds(1001));
    }

    [Fact]
    public void Go_away_names_the_streams_that_were_not_taken()
    {
        _exchange.Handshake(0).FromClient(20, CaptureScript.Ack, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Headers(1)).Taken().Respond(30, Headers(1))
            .FromClient(1000, CaptureScript.Ack, Headers(3)).Taken().FromServer(1001, CaptureScript.Ack, "\0\0\u0008\u0007\0\0\0\0\0\0\0\0\u0001\0\0\0\0").ServerFin(1002);

        Finding finding = _script.Explain().Only();

        finding.Judgement.ShouldBe(new Judgement(Verdict.LostInFlight, Reason.AboveGoAway, Delivery.ProvenUndelivered));
        finding.Request!.StreamId.ShouldBe(3);

        static string Headers(int stream) => "\0\0\u0001\u0001\u0005\0\0\0" + (char)stream + "x";
    }

    [Fact]
    public void Copies_of_a_packet_count_once()
    {
        _exchange.Handshake(0);
        _ = _script.Again();
        _exchange.Answered(20);
        _ = _script.Again();
        _exchange.Request(1028);
        _ = _script.Again();
        _exchange.ServerFin(1030);
        _ = _script.Again();

        Explanation explanation = _script.Explain();

        explanation.Copies.ShouldBe(4);
        explanation.Only().Request!.Transmissions.ShouldBe(1);
        explanation.Only().Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
    }

    [Theory]
    [InlineData(40, nameof(VantagePoint.Client))]
    [InlineData(0.01, nameof(VantagePoint.SameMachine))]
    public void Handshake_tells_where_the_capture_was_made(double roundTrip, string expected)
    {
        _exchange.Handshake(0, roundTrip).Answered(100);

        _script.Explain().VantagePoint.ToString().ShouldBe(expected);
    }

    [Fact]
    public void Filters_leave_other_connections_out()
    {
        _exchange.Handshake(0).Answered(20).ServerFin(5000);
        _ = new ScriptedExchange(_script, 41000, 9001).Handshake(0).Answered(20).ServerFin(5000);

        _script.Explain(new CaptureFilter(Port: 9001)).Only().Server.Port.ShouldBe((ushort)9001);
        _script.Explain(new CaptureFilter(Host: System.Net.IPAddress.Parse("10.9.9.9"))).Findings.ShouldBeEmpty();
        _script.Explain(new CaptureFilter(Clients: System.Net.IPNetwork.Parse("10.0.0.0/30"))).Findings.Count.ShouldBe(2);
        _script.Explain(new CaptureFilter(Clients: System.Net.IPNetwork.Parse("192.168.0.0/16"))).Findings.ShouldBeEmpty();
    }

    // A half-closed server: its kernel takes the request after its FIN left, and says so when it sends the FIN again.
    private void SendFinTwice(bool isFirstCaptured)
    {
        uint fin = _exchange.Handshake(0).Answered(20).Request(1000).ClientAcknowledges;
        _exchange.ServerFin(1001);
        _ = isFirstCaptured ? _script : _script.Lose();
        _ = _exchange.Taken();
        _ = _script.Segment(1201, 9000, 40000, fin, _exchange.ServerAcknowledges, FinAck);
    }
}
