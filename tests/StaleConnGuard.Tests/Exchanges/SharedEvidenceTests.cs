using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Exchanges;

/// <summary>
/// The runtime threw a connection away under a request that had been given it: nothing was sent, says who has seen what was. Each fact that is missing takes the claim back.
/// </summary>
public sealed class SharedEvidenceTests
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(10);

    private readonly TestClock _clock = new();
    private readonly ConnectionGuard _guard;
    private readonly Http2Connection _connection;

    public SharedEvidenceTests()
    {
        var ledger = new KeepAliveLedger(_clock);
        _guard = new ConnectionGuard(ledger, _clock);
        _connection = new Http2Connection(transport: null, _guard, ledger.GetOrAdd(new OriginKey("https", "orders", 443, null), KeepAliveSettings.Default));
        _guard.Shared.Add(_connection);
        _connection.TrySend("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8).ShouldBeTrue();
        _connection.TrySend([0, 0, 0, FrameHeader.Settings, 0, 0, 0, 0, 0]).ShouldBeTrue();
        WriteHeaders(1);
    }

    [Fact]
    public void ThrownAway_NothingWasSent()
    {
        Attempt attempt = Stamped();
        _connection.LetGo();
        ExchangeEnd evidence = attempt.Fail(Failure()).ShouldNotBeNull();
        (evidence.End, evidence.Delivery).ShouldBe((ConnectionEnd.ClosedBeforeUse, Delivery.NotSent));
    }

    [Fact]
    public void ThrownAway_HeadersWereWrittenSince_ClaimsNothing()
    {
        Attempt attempt = Stamped();
        WriteHeaders(3);
        _connection.LetGo();
        attempt.Fail(Failure()).ShouldBeNull();
    }

    [Fact]
    public void ThrownAway_HeadersWereWrittenSinceTheFirstTimeThatItsOwnWereEncoded_ClaimsNothing()
    {
        Attempt attempt = Stamped();
        WriteHeaders(3);
        _clock.Advance(s_step);
        Stamp(attempt);
        _connection.LetGo();
        attempt.Fail(Failure()).ShouldBeNull();
    }

    [Fact]
    public void NoneThrownAway_ClaimsNothing() => Stamped().Fail(Failure()).ShouldBeNull();

    [Fact]
    public void ThrownAwayBefore_ClaimsNothing()
    {
        _connection.LetGo();
        Stamped().Fail(Failure()).ShouldBeNull();
    }

    [Fact]
    public async Task LetGoWhenItHadEnded_ClaimsNothing()
    {
        Attempt attempt = Stamped();
        _ = await _connection.EndOfStreamAsync();
        _connection.LetGo();
        attempt.Fail(Failure()).ShouldBeNull();
    }

    [Fact]
    public void NoHeaderWasEncoded_ClaimsNothing()
    {
        Attempt attempt = Attempt.First(new ExchangeScope(_guard, GuardSettings.Default), Request());
        _connection.LetGo();
        attempt.Fail(Failure()).ShouldBeNull();
    }

    [Theory]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionOrHigher)]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionOrHigher)]
    [InlineData("3.0", HttpVersionPolicy.RequestVersionOrLower)]
    public void ItMayHaveGoneOutOverHttp3_ClaimsNothing(string version, HttpVersionPolicy policy)
    {
        Attempt attempt = Stamped(version, policy);
        _connection.LetGo();
        attempt.Fail(Failure()).ShouldBeNull();
    }

    [Fact]
    public void HandlerAnswersChallenges_ClaimsNothing()
    {
        _guard.AnswersChallenges = true;
        Attempt attempt = Stamped();
        _connection.LetGo();
        attempt.Fail(Failure()).ShouldBeNull();
    }

    [Fact]
    public void WasRedirected_ClaimsNothing()
    {
        Attempt attempt = Stamped();
        attempt.Request.RequestUri = new Uri("https://elsewhere/");
        _connection.LetGo();
        attempt.Fail(Failure()).ShouldBeNull();
    }

    [Fact]
    public void ContentHasBegun_ClaimsNothing()
    {
        Attempt attempt = Stamped();
        attempt.Exchange.ContentBegins();
        _connection.LetGo();
        attempt.Fail(Failure()).ShouldBeNull();
    }

    public static TheoryData<Exception> OtherFailures =>
    [
        new HttpRequestException(HttpRequestError.Unknown, "x", new IOException()),
        new HttpRequestException(HttpRequestError.ResponseEnded, "x"),
        new HttpRequestException(HttpRequestError.Unknown, "x", statusCode: System.Net.HttpStatusCode.BadGateway),
        new IOException(),
        new OperationCanceledException(),
    ];

    [Theory]
    [MemberData(nameof(OtherFailures))]
    public void AnotherFailure_ClaimsNothing(Exception failure)
    {
        Attempt attempt = Stamped();
        _connection.LetGo();
        attempt.Fail(failure).ShouldBeNull();
    }

    private static HttpRequestException Failure() => new(HttpRequestError.Unknown, "The server shut down the connection.");

    private static HttpRequestMessage Request(string version = "2.0", HttpVersionPolicy policy = HttpVersionPolicy.RequestVersionExact) =>
        new(HttpMethod.Post, "https://orders/") { Version = Version.Parse(version), VersionPolicy = policy };

    private Attempt Stamped(string version = "2.0", HttpVersionPolicy policy = HttpVersionPolicy.RequestVersionExact)
    {
        _clock.Advance(s_step);
        Attempt attempt = Attempt.First(new ExchangeScope(_guard, GuardSettings.Default), Request(version, policy));
        _clock.Advance(s_step);
        Stamp(attempt);
        _clock.Advance(s_step);
        return attempt;
    }

    private static void Stamp(in Attempt attempt) => attempt.Exchange.Shared!.HeaderIsEncoded("X", attempt.Exchange);

    private void WriteHeaders(byte stream) => _connection.TrySend([0, 0, 0, FrameHeader.Headers, 5, 0, 0, 0, stream]).ShouldBeTrue();
}
