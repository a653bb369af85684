using System.Net.Sockets;

namespace StaleConnGuard.Tests.Pipeline;

public class FailureClassifierTests
{
    [Theory]
    [InlineData(HttpRequestError.NameResolutionError, "NotSent")]
    [InlineData(HttpRequestError.ConnectionError, "NotSent")]
    [InlineData(HttpRequestError.SecureConnectionError, "NotSent")]
    [InlineData(HttpRequestError.ProxyTunnelError, "NotSent")]
    [InlineData(HttpRequestError.ResponseEnded, "ConnectionLost")]
    [InlineData(HttpRequestError.Unknown, "Other")]
    [InlineData(HttpRequestError.InvalidResponse, "Other")]
    [InlineData(HttpRequestError.HttpProtocolError, "Other")]
    [InlineData(HttpRequestError.ExtendedConnectNotSupported, "Other")]
    [InlineData(HttpRequestError.VersionNegotiationError, "Other")]
    [InlineData(HttpRequestError.UserAuthenticationError, "Other")]
    [InlineData(HttpRequestError.ConfigurationLimitExceeded, "Other")]
    public void Classify_RequestError_SaysWhatItMeans(HttpRequestError error, string kind) =>
        Classify(new HttpRequestException(error)).ShouldBe(kind);

    [Theory]
    [InlineData("The proxy tunnel request to proxy 'http://proxy.test:3128/' failed with status code '407'.", "Other")]
    [InlineData("The proxy tunnel request to proxy 'http://proxy.test:3128/' failed with status code '403'.", "Other")]
    [InlineData("The proxy tunnel request to proxy 'http://proxy.test:502/' failed with status code '401'.", "Other")]
    [InlineData("net_http_proxy_tunnel_returned_failure_status_code, http://proxy.test:3128/, 407", "Other")]
    [InlineData("The proxy tunnel request to proxy 'http://proxy.test:3128/' failed with status code '502'.", "NotSent")]
    [InlineData("The proxy tunnel request to proxy 'http://proxy.test:407/' failed with status code '503'.", "NotSent")]
    [InlineData("The proxy tunnel request to proxy 'http://proxy.test:407/' failed with status code '429'.", "NotSent")]
    [InlineData("net_http_proxy_tunnel_returned_failure_status_code, http://proxy.test:407/, 504", "NotSent")]
    [InlineData("An error occurred while establishing a connection to the proxy tunnel. (proxy.test:407)", "NotSent")]
    public void Classify_ProxyRefusesTheTunnel_IsRetriedOnlyIfItMayHelp(string message, string kind) =>
        Classify(new HttpRequestException(HttpRequestError.ProxyTunnelError, message)).ShouldBe(kind);

    [Theory]
    [InlineData(407, "Other")]
    [InlineData(499, "Other")]
    [InlineData(302, "Other")]
    [InlineData(408, "NotSent")]
    [InlineData(429, "NotSent")]
    [InlineData(500, "NotSent")]
    public void Classify_ProxyRefusesWithAStatus_TheStatusDecides(int status, string kind) =>
        Classify(new HttpRequestException(HttpRequestError.ProxyTunnelError, "failed with status code '200'", null, (System.Net.HttpStatusCode)status)).ShouldBe(kind);

    [Theory]
    [InlineData("status code 407", "Other")]
    [InlineData("407 is the status code", "Other")]
    [InlineData("no status code", "NotSent")]
    [InlineData("status code 07", "NotSent")]
    [InlineData("status code 1407", "NotSent")]
    [InlineData("status code 4x7", "NotSent")]
    [InlineData("407", "NotSent")]
    public void Classify_ProxyRefusesInWords_ThreeDigitsAreTheStatus(string message, string kind) =>
        Classify(new HttpRequestException(HttpRequestError.ProxyTunnelError, message)).ShouldBe(kind);

    [Theory]
    [InlineData("Failed to authenticate with the SOCKS server.", "Other")]
    [InlineData("SOCKS server requested username & password AUTHentication.", "Other")]
    [InlineData("SOCKS server failed to connect to the destination.", "NotSent")]
    public void Classify_SocksServerRefuses_IsFinalOnlyWhenItIsAboutWhoAsks(string message, string kind)
    {
        Classify(new HttpRequestException(HttpRequestError.ProxyTunnelError, "x", new SocksException(message))).ShouldBe(kind);
        Classify(new HttpRequestException(HttpRequestError.ProxyTunnelError, "x", new IOException("y", new SocksException(message)))).ShouldBe(kind);
        Classify(new HttpRequestException(HttpRequestError.ProxyTunnelError, "x", new IOException(message))).ShouldBe("NotSent", "another's words");
    }

    [Fact]
    public void Classify_NoFailure_IsNone() => FailureClassifier.Classify(null, null, CancellationToken.None).ShouldBe(FailureKind.None);

    [Fact]
    public void IsNotSent_OnlyWhatCannotHaveBeenSent()
    {
        FailureClassifier.IsNotSent(Failures.Refused()).ShouldBeTrue();
        FailureClassifier.IsNotSent(Failures.Reset()).ShouldBeFalse();
    }

    [Fact]
    public void Classify_GoAwayInGoodOrder_IsALostConnection()
    {
        Classify(new HttpRequestException(HttpRequestError.HttpProtocolError, "x", new HttpProtocolException(0, "NO_ERROR", null))).ShouldBe("ConnectionLost");
        Classify(new HttpRequestException(HttpRequestError.HttpProtocolError, "x", new HttpProtocolException(1, "PROTOCOL_ERROR", null))).ShouldBe("Other");
    }

    [Theory]
    [InlineData(Delivery.ResponseStarted, ReplayDecision.SurfaceCancelled, "ResponseStarted")]
    [InlineData(Delivery.Unknown, ReplayDecision.SurfaceResponseStarted, "ResponseStarted")]
    [InlineData(Delivery.NotSent, ReplayDecision.SurfaceRepeatFromAbove, "ConnectionLost")]
    [InlineData(Delivery.NotSent, ReplayDecision.SurfaceBodyConsumed, "ProvenUndelivered")]
    [InlineData(Delivery.NotSent, ReplayDecision.SurfaceReplaysExhausted, "NotSent")]
    [InlineData(Delivery.ProvenUndelivered, ReplayDecision.SurfaceReplaysExhausted, "ProvenUndelivered")]
    [InlineData(Delivery.ProvenUndelivered, ReplayDecision.SurfaceProofNotTrusted, "ConnectionLost")]
    [InlineData(Delivery.Unknown, ReplayDecision.SurfaceNotSafeToRepeat, "ConnectionLost")]
    public void Classify_StaleConnection_ClaimsWhatItsDeliveryAndDecisionSay(Delivery delivery, ReplayDecision decision, string kind) =>
        Classify(Stale(delivery, decision)).ShouldBe(kind);

    [Theory]
    [InlineData(SocketError.ConnectionReset, "ConnectionLost")]
    [InlineData(SocketError.ConnectionAborted, "ConnectionLost")]
    [InlineData(SocketError.Shutdown, "ConnectionLost")]
    [InlineData(SocketError.TimedOut, "ConnectionLost")]
    [InlineData(SocketError.HostUnreachable, "ConnectionLost")]
    [InlineData(SocketError.HostDown, "ConnectionLost")]
    [InlineData(SocketError.NetworkUnreachable, "ConnectionLost")]
    [InlineData(SocketError.NetworkDown, "ConnectionLost")]
    [InlineData(SocketError.NetworkReset, "ConnectionLost")]
    [InlineData(SocketError.OperationAborted, "Other")]
    [InlineData(SocketError.AccessDenied, "Other")]
    public void Classify_SocketErrorInside_SaysWhatItMeans(SocketError error, string kind) =>
        Classify(new HttpRequestException(HttpRequestError.Unknown, "x", new IOException("x", new SocketException((int)error)))).ShouldBe(kind);

    [Theory]
    [InlineData("The HTTP/2 server didn't respond to a ping request within the configured KeepAlivePingDelay. (HttpProtocolError)")]
    [InlineData("net_ping_request_timed_out, HttpProtocolError")]
    public void Classify_UnansweredPing_IsALostConnection(string message) =>
        Classify(new HttpRequestException(HttpRequestError.HttpProtocolError, message)).ShouldBe("ConnectionLost");

    [Fact]
    public void Classify_InvalidResponseWithAResetInside_IsNoLostConnection() =>
        Classify(new HttpRequestException(HttpRequestError.InvalidResponse, "x", new IOException("x", new SocketException((int)SocketError.ConnectionReset)))).ShouldBe("Other");

    [Fact]
    public void Classify_ContentThatCannotBeRead_IsNoLostConnection() =>
        Classify(new HttpRequestException("Error while copying content to a stream.", new IOException("disk"))).ShouldBe("Other");

    [Fact]
    public void Classify_BareIoException_IsOther() => Classify(new IOException("x", new SocketException((int)SocketError.ConnectionReset))).ShouldBe("Other");

    [Fact]
    public void Classify_ConnectTimeout_IsNotSent() => Classify(Failures.ConnectTimeout()).ShouldBe("NotSent");

    [Fact]
    public void Classify_ConnectTimeoutOfATrimmedProgram_IsNotSent() =>
        Classify(new TaskCanceledException("x", new TimeoutException("net_http_connect_timedout"))).ShouldBe("NotSent");

    [Fact]
    public void Classify_SameShapeInOtherWords_IsNoProof() =>
        Classify(new TaskCanceledException("x", new TimeoutException("too slow"))).ShouldBe("ConnectionLost");

    [Fact]
    public void Classify_TimeoutOfANestedHttpClient_IsOther() =>
        Classify(new TaskCanceledException("x", new TimeoutException("ConnectTimeout", new TaskCanceledException()))).ShouldBe("Other");

    [Fact]
    public void Classify_PlainCancellation_IsOther() => Classify(new OperationCanceledException()).ShouldBe("Other");

    [Fact]
    public void R05_ResponseHadBegun_IsNoLostConnection()
    {
        var attempts = new RequestAttempts { Delivery = Delivery.ResponseStarted };
        FailureClassifier.Classify(Failures.Ended(), attempts, CancellationToken.None).ShouldBe(FailureKind.ResponseStarted);
        FailureClassifier.Classify(Failures.Reset(), attempts, CancellationToken.None).ShouldBe(FailureKind.ResponseStarted);
        attempts.WasRedirected = true;
        FailureClassifier.Classify(Failures.Refused(), attempts, CancellationToken.None).ShouldBe(FailureKind.NotSent);
    }

    [Theory]
    [InlineData(null, null, nameof(FailureKind.NotSent))]
    [InlineData(Delivery.NotSent, null, nameof(FailureKind.NotSent))]
    [InlineData(Delivery.ProvenUndelivered, null, nameof(FailureKind.ProvenUndelivered))]
    [InlineData(Delivery.Unknown, null, nameof(FailureKind.ConnectionLost))]
    [InlineData(Delivery.Unknown, false, nameof(FailureKind.ConnectionLost))]
    [InlineData(Delivery.ResponseStarted, null, nameof(FailureKind.ResponseStarted))]
    [InlineData(Delivery.ResponseStarted, true, nameof(FailureKind.NotSent))]
    public void Classify_ConnectFailure_ClaimsNoMoreThanTheGuardKnows(Delivery? known, bool? redirected, string expected)
    {
        var attempts = new RequestAttempts { Delivery = known, WasRedirected = redirected };
        var refused = new HttpRequestException(HttpRequestError.ConnectionError, "refused");

        FailureClassifier.Classify(refused, attempts, CancellationToken.None).ToString().ShouldBe(expected);
    }

    [Fact]
    public void Classify_GuardsEndOfStreamOnANewConnection_IsALostConnection() =>
        Classify(new HttpRequestException(HttpRequestError.Unknown, "x", ConnectionEndedException.BeforeResponse(new Exchange(new ExchangeScope(new ConnectionGuard(new KeepAliveLedger(), TimeProvider.System), GuardSettings.Default), request: null)))).ShouldBe("ConnectionLost");

    [Theory]
    [InlineData(HttpRequestError.HttpProtocolError)]
    [InlineData(HttpRequestError.ExtendedConnectNotSupported)]
    public void R14_StreamError_IsNoLostConnection(HttpRequestError error) =>
        Classify(new HttpRequestException(error, "x", new HttpProtocolException(8, "CANCEL", null))).ShouldBe("Other");

    [Fact]
    public void R19_CallersCancel_IsNoConnectionFailure()
    {
        var cancelled = new CancellationToken(canceled: true);
        FailureClassifier.Classify(Failures.ConnectTimeout(), null, cancelled).ShouldBe(FailureKind.Cancelled);
        FailureClassifier.Classify(new OperationCanceledException(cancelled), null, cancelled).ShouldBe(FailureKind.Cancelled);
    }

    private static StaleConnectionException Stale(Delivery delivery, ReplayDecision decision)
    {
        var exchange = new Exchange(new ExchangeScope(new ConnectionGuard(new KeepAliveLedger(), TimeProvider.System), GuardSettings.Default), request: null);
        return new StaleConnectionException(new EndedExchange(exchange, new ExchangeEnd(ConnectionEnd.EndOfStream, delivery), decision, 0, EndedExchange.LimitInForce(exchange)), new IOException("x"));
    }

    private sealed class SocksException(string message) : IOException(message);

    private static string Classify(Exception e) => FailureClassifier.Classify(e, null, CancellationToken.None).ToString();
}
