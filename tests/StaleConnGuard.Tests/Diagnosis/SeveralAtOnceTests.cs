using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

/// <summary>Several requests under way on one connection: each is found by itself where the bytes tell, and nothing is claimed where they do not.</summary>
public class SeveralAtOnceTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private readonly CaptureScript _script = new();
    private readonly ScriptedExchange _exchange;

    public SeveralAtOnceTests() => _exchange = new ScriptedExchange(_script);

    [Fact]
    public void Pipelined_requests_in_one_packet_are_answered_one_by_one()
    {
        _exchange.Handshake(0).Answered(20).Request(40, Get("/a") + Post("/b", "{}") + Chunked("/c")).Taken().Respond(50, Ok + Ok).Respond(55, Ok).ServerFin(5055);

        Finding finding = _script.Explain().Only();

        finding.Judgement.Verdict.ShouldBe(Verdict.ClosedIdleByServer);
        finding.Requests.ShouldBe(4);
    }

    [Fact]
    public void Pipelined_requests_that_cross_the_fin_are_each_found_lost_and_close_once()
    {
        _exchange.Handshake(0).Answered(20).Request(1028, Post("/a", "{}") + Post("/b", "{}")).Request(1029, Get("/c")).ServerFin(1030);

        Explanation explanation = _script.Explain();

        explanation.Findings.Select(finding => finding.Request!.Path).ShouldBe(["/a", "/b", "/c"]);
        explanation.Findings.ShouldAllBe(finding => finding.Judgement == new Judgement(Verdict.LostInFlight, Reason.FinBeforeRequest, Delivery.ProvenUndelivered));
        explanation.Findings.Select(finding => finding.IdleAtEnd).ShouldBe([TimeSpan.FromSeconds(1), null, null]);
        explanation.Causes.ShouldHaveSingleItem().Sentence.ShouldContain("3 requests lost, 2 of them POST");
        explanation.Causes[0].Ages!.Groups.ShouldHaveSingleItem().Count.ShouldBe(1, "one connection closed, once");
    }

    [Fact]
    public void Of_pipelined_requests_the_taken_one_and_the_lost_one_are_told_apart()
    {
        _exchange.Handshake(0).Request(20, Post("/taken", "{}")).Taken().Request(21, Post("/lost", "{}")).ServerFin(30);

        Explanation explanation = _script.Explain();

        explanation.Findings.Select(finding => (finding.Request!.Path, finding.Judgement.Verdict)).ShouldBe(
            [("/taken", Verdict.TakenThenClosed), ("/lost", Verdict.LostInFlight)]);
        explanation.Causes.ShouldBeEmpty("the connection was not idle");
    }

    [Fact]
    public void Pipelined_request_whose_answer_is_cut_and_the_one_behind_it_are_told_apart()
    {
        _exchange.Handshake(0).Request(20, Get("/a") + Get("/b")).Taken().Respond(30, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").ServerFin(31);

        _script.Explain().Findings.Select(finding => (finding.Request!.Path, finding.Judgement.Verdict)).ShouldBe(
            [("/a", Verdict.CutResponse), ("/b", Verdict.TakenThenClosed)]);
    }

    [Fact]
    public void Pipelined_request_that_begins_in_one_packet_and_ends_in_another_is_found()
    {
        _exchange.Handshake(0).Request(20, Get("/a") + "POST /b?x HTTP/1.1\r\nContent-Le").Request(21, "ngth: 4\r\n\r\nbody" + Get("/c")).Taken().Respond(30, Ok).ServerFin(31);

        _script.Explain().Findings.Select(finding => finding.Request!.Path).ShouldBe(["/b", "/c"]);
    }

    [Fact]
    public void Body_that_looks_like_a_request_is_none()
    {
        _exchange.Handshake(0).Request(20, Post("/upload", Get("/inside"))).Request(21, "POST /second HTTP/1.1\r\nContent-Length: 40\r\n\r\n").Request(22, Get("/inside").PadRight(40)).Taken().Respond(30, Ok + Ok).ServerFin(5030);

        _script.Explain().Only().Requests.ShouldBe(2);
    }

    [Fact]
    public void Body_that_comes_after_an_early_answer_is_no_request()
    {
        _exchange.Handshake(0).Request(20, "POST /upload HTTP/1.1\r\nContent-Length: 40\r\n\r\n").Taken().Respond(30, "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
            .Request(31, Get("/inside").PadRight(40)).Taken().ServerFin(5032);

        _script.Explain().Only().Judgement.Verdict.ShouldBe(Verdict.ClosedIdleByServer);
    }

    [Fact]
    public void Request_after_a_refused_expectation_is_one_though_the_body_never_came()
    {
        _exchange.Handshake(0).Request(20, "POST /upload HTTP/1.1\r\nContent-Length: 40\r\nExpect: 100-continue\r\n\r\n").Taken().Respond(30, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
            .Request(1030, Get("/next")).ServerFin(1031);

        _script.Explain().Only().Request!.Path.ShouldBe("/next");
    }

    [Fact]
    public void Pipelined_behind_an_answer_whose_end_is_not_captured_are_unknown()
    {
        _exchange.Handshake(0).Request(20, Get("/a") + Get("/b")).Taken();
        _script.SnapLength = 54 + 30;
        _exchange.Respond(30, Ok + Ok).ServerFin(31);

        Finding finding = _script.Explain().Only();

        finding.Request!.Path.ShouldBe("/b");
        finding.Judgement.ShouldBe(new Judgement(Verdict.Unknown, Reason.AnswersNotTold));
    }

    [Fact]
    public void Pipelined_behind_an_unreadable_answer_but_not_taken_is_lost_all_the_same()
    {
        _exchange.Handshake(0).Request(20, Get("/a")).Taken().Request(25, Get("/b"));
        _script.SnapLength = 54 + 30;
        _exchange.Respond(30, Ok).ServerFin(31);

        Finding finding = _script.Explain().Only();

        finding.Request!.Path.ShouldBe("/b");
        finding.Judgement.ShouldBe(new Judgement(Verdict.LostInFlight, Reason.FinBeforeRequest, Delivery.ProvenUndelivered));
    }

    [Fact]
    public void Request_of_which_nothing_was_captured_is_seen_by_its_length()
    {
        _exchange.Handshake(0).Answered(20);
        _script.SnapLength = 54;
        _exchange.Request(1028).ServerFin(1030);

        Finding finding = _script.Explain().Only();

        finding.Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
        finding.Request!.Method.ShouldBeNull();
    }

    [Fact]
    public void Streams_of_http2_in_the_clear_are_found_one_by_one()
    {
        _exchange.Handshake(0).FromClient(20, CaptureScript.Ack, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Headers(1) + Headers(3)).Taken().Respond(30, Headers(3))
            .FromClient(1028, CaptureScript.Ack, Headers(5) + Headers(7)).ServerFin(1030);

        Explanation explanation = _script.Explain();

        explanation.Findings.Select(finding => (finding.Request!.StreamId, finding.Judgement.Verdict, finding.Request.Ahead)).ShouldBe(
            [(1, Verdict.TakenThenClosed, 0), (5, Verdict.LostInFlight, 1), (7, Verdict.LostInFlight, 2)]);
        explanation.Causes.ShouldBeEmpty("stream 1 was open: no idle timeout closed this");

        static string Headers(int stream) => "\0\0\u0001\u0001\u0005\0\0\0" + (char)stream + "x";
    }

    [Fact]
    public void Streams_under_tls_are_said_to_be_unknown()
    {
        string data = "\u0017\u0003\u0003\u0000\u0060" + new string('x', 96);
        _exchange.Handshake(0).FromClient(20, CaptureScript.Ack, HelloWithAlpn("h2")).Taken().Respond(25, "\u0016\u0003\u0003\u0000\u0004\u0002\0\0\0")
            .FromClient(30, CaptureScript.Ack, data + data).Taken().Respond(40, data).ServerFin(2040);

        _script.Explain().Warnings.ShouldContain(warning => warning.Contains("HTTP/2 under TLS", StringComparison.Ordinal));
    }

    private static string Get(string path) => $"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n";

    private static string Post(string path, string body) => $"POST {path} HTTP/1.1\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    private static string Chunked(string path) => $"PUT {path} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";

    // A ClientHello with one extension: application-layer protocol negotiation.
    private static string HelloWithAlpn(string protocol)
    {
        string list = $"{(char)protocol.Length}{protocol}";
        string alpn = $"\0\u0010\0{(char)(list.Length + 2)}\0{(char)list.Length}{list}";
        string body = $"\u0003\u0003{new string('r', 32)}\0\0\u0002\u0013\u0001\u0001\0\0{(char)alpn.Length}{alpn}";
        return $"\u0016\u0003\u0001\0{(char)(body.Length + 4)}\u0001\0\0{(char)body.Length}{body}";
    }
}
