using System.Net;

namespace StaleConnGuard.Tests.Pipeline;

public class RetryPolicyTests
{
    private readonly RetryOptions _options = new();

    [Fact]
    public void Options_OutOfRange_AreAllNamed()
    {
        _options.MaxRetries = 11;
        _options.Budget.Ratio = -1;
        Should.Throw<ArgumentException>(() => Policy()).Message.ShouldStartWith(
            "Retry:MaxRetries is 11; accepted is: between 0 and 10; Retry:Budget:Ratio is -1; accepted is: between 0 and 10 (Parameter 'options')");
    }

    [Fact]
    public void Options_AreTakenOver()
    {
        _options.MaxRetries = 5;
        _options.CallerTimeout = TimeSpan.FromSeconds(7);
        _options.Budget = new RetryBudgetOptions { Ratio = 0.25, MinRetriesPerSecond = 3 };
        RetryPolicy policy = Policy();
        policy.MaxRetries.ShouldBe(5);
        policy.CallerTimeout.ShouldBe(TimeSpan.FromSeconds(7));
        policy.EarnedUnits.ShouldBe(250_000);
        policy.MinRetriesPerSecond.ShouldBe(3);
        policy.Backoff.Next(0, TimeSpan.Zero).ShouldBeInRange(TimeSpan.Zero, _options.BaseDelay);
    }

    [Theory]
    [InlineData(502, false)]
    [InlineData(503, false)]
    [InlineData(504, false)]
    [InlineData(500, true)]
    [InlineData(200, true)]
    [InlineData(599, true)]
    [InlineData(600, true)]
    [InlineData(999, true)]
    public void IsFinal_Status_UnlessItIsOneOfThose(int status, bool expected) =>
        Policy().IsFinal(new HttpResponseMessage((HttpStatusCode)status)).ShouldBe(expected);

    [Theory]
    [InlineData(400, false)]
    [InlineData(599, false)]
    [InlineData(503, true)]
    public void IsFinal_StatusCodesGiven_TakeThePlaceOfTheDefaults(int status, bool expected)
    {
        _options.StatusCodes = [(HttpStatusCode)400, (HttpStatusCode)599];
        Policy().IsFinal(new HttpResponseMessage((HttpStatusCode)status)).ShouldBe(expected);
    }

    // A request that is safe to repeat, one that is not, each with a body that can be sent again.
    [Theory]
    [InlineData(nameof(FailureKind.Other), "StoppedNothingToRetry", "StoppedNothingToRetry")]
    [InlineData(nameof(FailureKind.Cancelled), "StoppedCancelled", "StoppedCancelled")]
    [InlineData(nameof(FailureKind.ResponseStarted), "StoppedResponseStarted", "StoppedResponseStarted")]
    [InlineData(nameof(FailureKind.NotSent), "RetriedNotReceived", "RetriedNotReceived")]
    [InlineData(nameof(FailureKind.ProvenUndelivered), "RetriedNotReceived", "RetriedNotReceived")]
    [InlineData(nameof(FailureKind.ConnectionLost), "RetriedConnectionLost", "StoppedNotSafeToRepeat")]
    public void Judge_Failure_ByWhatMayHaveHappened(string kind, string safe, string other)
    {
        FailureKind failure = Enum.Parse<FailureKind>(kind);
        Judge("PUT", failure).ToString().ShouldBe(safe);
        Judge("POST", failure).ToString().ShouldBe(other);
    }

    [Fact]
    public void Judge_Response_ByItsStatus()
    {
        using var busy = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        using var fine = new HttpResponseMessage(HttpStatusCode.OK);
        Judge("PUT", FailureKind.None, response: busy).ShouldBe(RetryReason.RetriedStatus);
        Judge("POST", FailureKind.None, response: busy).ShouldBe(RetryReason.StoppedNotSafeToRepeat);
        Judge("PUT", FailureKind.None, response: fine).ShouldBe(RetryReason.StoppedNothingToRetry);
    }

    [Fact]
    public void Judge_CallerHasCancelled_StopsWhateverHappened()
    {
        var cancelled = new CancellationToken(canceled: true);
        Judge("GET", FailureKind.NotSent, token: cancelled).ShouldBe(RetryReason.StoppedCancelled);
        Judge("GET", FailureKind.Other, token: cancelled).ShouldBe(RetryReason.StoppedNothingToRetry);
    }

    [Theory]
    [InlineData(2, "RetriedNotReceived")]
    [InlineData(3, "StoppedRetriesSpent")]
    [InlineData(4, "StoppedRetriesSpent")]
    public void Judge_AsManyRetriesAsThereMayBe_Stops(int retries, string reason) =>
        Judge("GET", FailureKind.NotSent, retries: retries).ToString().ShouldBe(reason);

    [Fact]
    public void Judge_ProofNotTrusted_SafeToRepeatOnly()
    {
        Judge("POST", FailureKind.ProvenUndelivered, replay: NonIdempotentReplay.Never).ShouldBe(RetryReason.StoppedNotSafeToRepeat);
        Judge("PUT", FailureKind.ProvenUndelivered, replay: NonIdempotentReplay.Never).ShouldBe(RetryReason.RetriedConnectionLost);
        Judge("POST", FailureKind.NotSent, replay: NonIdempotentReplay.Never).ShouldBe(RetryReason.RetriedNotReceived, "there is nothing to trust");
        Judge("POST", FailureKind.ConnectionLost, replay: NonIdempotentReplay.Always).ShouldBe(RetryReason.StoppedNotSafeToRepeat, "that is the replay's, not the retry's");
    }

    [Fact]
    public void Judge_AfterARedirect_EvidenceIsOfTheLastHopOnly()
    {
        Judge("POST", FailureKind.NotSent, redirected: true).ShouldBe(RetryReason.StoppedNotSafeToRepeat);
        Judge("POST", FailureKind.ProvenUndelivered, redirected: true).ShouldBe(RetryReason.StoppedNotSafeToRepeat);
        Judge("PUT", FailureKind.NotSent, redirected: true).ShouldBe(RetryReason.RetriedConnectionLost);
        Judge("POST", FailureKind.NotSent, redirected: false).ShouldBe(RetryReason.RetriedNotReceived);
    }

    [Fact]
    public void Judge_BodyCanBeReadOnce_OnlyIfNothingWasSent()
    {
        Judge("PUT", FailureKind.NotSent, OneShot.Content("a")).ShouldBe(RetryReason.RetriedNotReceived);
        Judge("PUT", FailureKind.ProvenUndelivered, OneShot.Content("a")).ShouldBe(RetryReason.StoppedBodyOneShot);
        Judge("PUT", FailureKind.ConnectionLost, OneShot.Content("a")).ShouldBe(RetryReason.StoppedBodyOneShot);
        Judge("PUT", FailureKind.NotSent, OneShot.Content("a"), redirected: true).ShouldBe(RetryReason.StoppedBodyOneShot, "the first server has read it");
    }

    [Fact]
    public void Judge_RequestUnknown_Stops() =>
        Policy().Judge(default, attempts: null, retries: 0, FailureKind.NotSent, response: null, CancellationToken.None).ShouldBe(RetryReason.StoppedRequestUnknown);

    [Fact]
    public void RequestedWait_ByTheResponse_UpToTheLongest()
    {
        DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        RetryPolicy policy = Policy();
        policy.RequestedWait(null, now).ShouldBe(TimeSpan.Zero);
        policy.RequestedWait(new HttpResponseMessage(), now).ShouldBe(TimeSpan.Zero);
        policy.RequestedWait(Asks("30"), now).ShouldBe(TimeSpan.FromSeconds(30));
        policy.RequestedWait(Asks("31"), now).ShouldBeNull();
        _options.HonorRetryAfter = false;
        Policy().RequestedWait(Asks("31"), now).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void RetryAfter_SeveralFields_TheLongestCounts()
    {
        DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        RetryAfter.Read(Asks("2", "Sun, 01 Mar 2026 12:00:09 GMT", "nonsense", "5"), now).ShouldBe(TimeSpan.FromSeconds(9));
        RetryAfter.Read(Asks("nonsense"), now).ShouldBeNull();
        RetryAfter.Read(new HttpResponseMessage(), now).ShouldBeNull();
    }

    private RetryPolicy Policy(NonIdempotentReplay replay = NonIdempotentReplay.WhenProven) => new(_options, replay, new Random(1));

    private RetryReason Judge(string method, FailureKind failure, HttpContent? content = null, HttpResponseMessage? response = null, int retries = 0, bool? redirected = null, NonIdempotentReplay replay = NonIdempotentReplay.WhenProven, CancellationToken token = default)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "http://orders.test/") { Content = content ?? new StringContent("a") };
        RequestAttempts? attempts = redirected is null ? null : new RequestAttempts { WasRedirected = redirected };
        return Policy(replay).Judge(new RequestSnapshot(request), attempts, retries, failure, response, token);
    }

    private static HttpResponseMessage Asks(params string[] values)
    {
        var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        response.Headers.TryAddWithoutValidation("Retry-After", values);
        return response;
    }
}
