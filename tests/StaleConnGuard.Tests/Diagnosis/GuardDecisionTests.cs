using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

/// <summary>Beside a verdict stands what the guard's own rule decides about such a request.</summary>
public class GuardDecisionTests
{
    private readonly CaptureScript _script = new();
    private readonly ScriptedExchange _exchange;

    public GuardDecisionTests() => _exchange = new ScriptedExchange(_script);

    [Theory]
    [InlineData("POST", ReplayDecision.ReplayProvenUndelivered)]
    [InlineData("GET", ReplayDecision.ReplayProvenUndelivered)]
    public void Request_proven_undelivered_is_sent_again_whatever_its_method(string method, ReplayDecision expected)
    {
        _exchange.Handshake(0).Answered(20).Request(1000, $"{method} /a HTTP/1.1\r\n\r\n").ServerFin(1001);

        _script.Explain().Only().GuardDecision.ShouldBe(expected);
    }

    [Theory]
    [InlineData("POST", ReplayDecision.SurfaceNotSafeToRepeat)]
    [InlineData("PATCH", ReplayDecision.SurfaceNotSafeToRepeat)]
    [InlineData("PUT", ReplayDecision.ReplaySafeToRepeat)]
    [InlineData("QUERY", ReplayDecision.ReplaySafeToRepeat)]
    public void Request_that_was_taken_is_sent_again_only_when_idempotent(string method, ReplayDecision expected)
    {
        _exchange.Handshake(0).Answered(20).Request(1000, $"{method} /a HTTP/1.1\r\n\r\n").Taken().ServerFin(1001);

        _script.Explain().Only().GuardDecision.ShouldBe(expected);
    }

    [Fact]
    public void New_connection_is_no_race()
    {
        _exchange.Handshake(0).Request(20, "GET /a HTTP/1.1\r\n\r\n").Taken().ServerFin(30);

        _script.Explain().Only().GuardDecision.ShouldBe(ReplayDecision.SurfaceNewConnection);
    }

    [Fact]
    public void Cut_response_and_impatient_client_surface()
    {
        _exchange.Handshake(0).Answered(20).Request(1000).Taken().Respond(1010, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").ServerFin(1011);
        new ScriptedExchange(_script, 41000).Handshake(0).Answered(20).Request(1000).FromClient(2000, CaptureScript.Fin | CaptureScript.Ack).Taken().ServerFin(2020);

        _script.Explain().Findings.Select(finding => finding.GuardDecision).ShouldBe([ReplayDecision.SurfaceResponseStarted, ReplayDecision.SurfaceCancelled], ignoreOrder: true);
    }

    [Fact]
    public void Method_under_tls_is_not_guessed()
    {
        string request = "\u0017\u0003\u0003\u0000\u0060" + new string('x', 96);
        _exchange.Handshake(0).FromClient(20, CaptureScript.Ack, "\u0016\u0003\u0001\u0000\u0004\u0001\0\0\0").Taken().Respond(25, "\u0016\u0003\u0003\u0000\u0004\u0002\0\0\0")
            .FromClient(30, CaptureScript.Ack, request).Taken().Respond(40, request).FromClient(1038, CaptureScript.Ack, request).Taken().ServerFin(1041);

        Finding finding = _script.Explain().Only();

        finding.Judgement.Verdict.ShouldBe(Verdict.TakenThenClosed);
        finding.GuardDecision.ShouldBeNull();
    }
}
