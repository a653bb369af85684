using System.Net;
using StaleConnGuard.Testing;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Pipeline;

public class RetryHandlerTests
{
    [Theory]
    [CombinatorialStatus]
    public async Task Send_RetriedStatusThenSuccess_IsSentTwice(HttpStatusCode status, bool sync)
    {
        using var bench = new RetryBench(Answers(status, HttpStatusCode.OK));
        using HttpResponseMessage response = await bench.SendAsync(Request(), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        bench.Stub.Sends.ShouldBe(2);
        bench.Reasons.ShouldBe([RetryReason.RetriedStatus]);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(301)]
    [InlineData(400)]
    [InlineData(408)]
    [InlineData(409)]
    [InlineData(422)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(501)]
    [InlineData(505)]
    [InlineData(700)]
    public async Task Send_OtherStatus_IsSentOnce(int status)
    {
        using var bench = new RetryBench(Answers((HttpStatusCode)status));
        using HttpResponseMessage response = await bench.SendAsync(Request());
        ((int)response.StatusCode).ShouldBe(status);
        bench.Stub.Sends.ShouldBe(1);
        bench.Observer.Decisions.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_AlwaysFailing_ReturnsTheLastResponseAfterMaxRetries(bool sync)
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.BadGateway, HttpStatusCode.ServiceUnavailable, HttpStatusCode.GatewayTimeout, HttpStatusCode.BadGateway));
        HttpRequestMessage request = Request();
        using HttpResponseMessage response = await bench.SendAsync(request, sync);
        response.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        bench.Stub.Sends.ShouldBe(4);
        bench.Reasons.Last().ShouldBe(RetryReason.StoppedRetriesSpent);
        RequestAttempts.Find(request)!.Resends.ShouldBe(3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_ConnectionLostThenSuccess_IsSentTwice(bool sync)
    {
        using var bench = new RetryBench((_, n) => n == 0 ? throw Failures.Reset() : Status(HttpStatusCode.OK));
        using HttpResponseMessage response = await bench.SendAsync(Request("PUT", new StringContent("x")), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        bench.Stub.Seen.Select(s => s.Body).ShouldBe(["x", "x"]);
        bench.Reasons.ShouldBe([RetryReason.RetriedConnectionLost]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_AlwaysThrowing_ThrowsTheLastExceptionAsItWas(bool sync)
    {
        var thrown = new List<Exception>();
        using var bench = new RetryBench((_, _) =>
        {
            thrown.Add(Failures.Ended());
            throw thrown[^1];
        });

        Exception surfaced = await Should.ThrowAsync<HttpRequestException>(async () => await bench.SendAsync(Request(), sync));
        surfaced.ShouldBeSameAs(thrown[^1]);
        thrown.Count.ShouldBe(4);
        surfaced.StackTrace!.ShouldContain(nameof(StubHandler));
    }

    [Fact]
    public async Task Send_HandlerThrowsInsteadOfReturningATask_IsRetriedAllTheSame()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.OK), below: stub => new ThrowsOnce { InnerHandler = stub });
        using HttpResponseMessage response = await bench.SendAsync(Request());
        bench.Reasons.ShouldBe([RetryReason.RetriedConnectionLost]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_Post503_IsSentOnce(bool sync)
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
        using HttpResponseMessage response = await bench.SendAsync(Request("POST", new StringContent("order")), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        bench.Stub.Sends.ShouldBe(1);
        bench.Reasons.ShouldBe([RetryReason.StoppedNotSafeToRepeat]);
    }

    [Theory]
    [InlineData("Idempotency-Key")]
    [InlineData("X-Idempotency-Key")]
    public async Task Send_Post503WithIdempotencyKey_IsRetriedWithTheSameKey(string header)
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.BadGateway, HttpStatusCode.OK));
        HttpRequestMessage request = Request("POST", new StringContent("order"));
        request.Headers.Add(header, "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
        using HttpResponseMessage response = await bench.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        bench.Stub.Seen.Select(s => s.Headers[header]).ShouldBe(Enumerable.Repeat("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", 3));
        bench.Stub.Seen.Select(s => s.Body).ShouldBe(["order", "order", "order"]);
    }

    [Fact]
    public async Task Send_MarkedPost503_IsRetriedAndNoKeyIsInvented()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
        using HttpResponseMessage response = await bench.SendAsync(Request("POST", new StringContent("order")).MarkSafeToRepeat());
        bench.Stub.Sends.ShouldBe(2);
        bench.Stub.Seen.ShouldAllBe(s => !s.Headers.Keys.Any(k => k.Contains("Idempotency", StringComparison.OrdinalIgnoreCase)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_PostNeverSent_IsRetried(bool sync)
    {
        using var bench = new RetryBench((_, n) => n switch { 0 => throw Failures.Refused(), 1 => throw Failures.ConnectTimeout(), _ => Status(HttpStatusCode.OK) });
        using HttpResponseMessage response = await bench.SendAsync(Request("POST", new StringContent("order")), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        bench.Reasons.ShouldBe([RetryReason.RetriedNotReceived, RetryReason.RetriedNotReceived]);
    }

    [Fact]
    public async Task Send_OneShotPostNeverSent_IsRetriedWithItsBodyWhole()
    {
        // The connect fails before the content is touched, as in the runtime.
        using var bench = new RetryBench(Answers(HttpStatusCode.OK), below: stub => new RefusesFirst { InnerHandler = stub });
        using HttpResponseMessage response = await bench.SendAsync(Request("POST", OneShot.Content("order")));
        bench.Reasons.ShouldBe([RetryReason.RetriedNotReceived]);
        bench.Stub.Seen.Single().Body.ShouldBe("order");
    }

    [Fact]
    public async Task Send_PostConnectionLost_Surfaces()
    {
        using var bench = new RetryBench((_, _) => throw Failures.Reset());
        await Should.ThrowAsync<HttpRequestException>(() => bench.SendAsync(Request("POST")));
        bench.Stub.Sends.ShouldBe(1);
        bench.Reasons.ShouldBe([RetryReason.StoppedNotSafeToRepeat]);
    }

    [Theory]
    [InlineData("own")]
    [InlineData("one-shot stream")]
    [InlineData("in a part")]
    public async Task Send_LoadedPut503_IsSentAgainWhole(string kind)
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
        HttpContent loaded = kind == "one-shot stream" ? OneShot.Content("data") : OneShot.Pushed("da", "ta");
        await loaded.LoadIntoBufferAsync(TestContext.Current.CancellationToken);
        using HttpResponseMessage response = await bench.SendAsync(Request("PUT", kind == "in a part" ? new MultipartContent { loaded } : loaded));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        bench.Stub.Seen.Count.ShouldBe(2);
        bench.Stub.Seen.ShouldAllBe(s => s.Body!.Contains("data"));
    }

    [Fact]
    public async Task Send_OneShotPut503_IsSentOnce()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
        using HttpResponseMessage response = await bench.SendAsync(Request("PUT", OneShot.Content("data")));
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        bench.Reasons.ShouldBe([RetryReason.StoppedBodyOneShot]);
    }

    [Fact]
    public async Task Send_SeekablePut503_IsSentAgainFromWhereItStood()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
        var stream = new MemoryStream("skipped|data"u8.ToArray()) { Position = 8 };
        using HttpResponseMessage response = await bench.SendAsync(Request("PUT", new StreamContent(stream)));
        bench.Stub.Seen.Select(s => s.Body).ShouldBe(["data", "data"]);
    }

    [Fact]
    public async Task Send_ResponseDropped_IsDisposedBeforeTheWait()
    {
        var dropped = new TrackedResponse(HttpStatusCode.ServiceUnavailable);
        using var bench = new RetryBench((_, n) => n == 0 ? dropped : Status(HttpStatusCode.OK), o => o.BaseDelay = TimeSpan.FromSeconds(1));
        Task<HttpResponseMessage> sending = bench.SendAsync(Request());
        sending.IsCompleted.ShouldBeFalse();
        dropped.IsDisposed.ShouldBeTrue();
        bench.Stub.Sends.ShouldBe(1);
        bench.Clock.AdvanceToNextTimer().ShouldBeTrue();
        using HttpResponseMessage response = await sending;
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Send_ResponseReturned_IsNotDisposed()
    {
        var returned = new TrackedResponse(HttpStatusCode.ServiceUnavailable);
        using var bench = new RetryBench((_, _) => returned, o => o.MaxRetries = 0);
        (await bench.SendAsync(Request())).ShouldBeSameAs(returned);
        returned.IsDisposed.ShouldBeFalse();
    }

    [Fact]
    public async Task Send_CancelledDuringTheWait_ThrowsAtOnceAndSendsNoMore()
    {
        var dropped = new TrackedResponse(HttpStatusCode.ServiceUnavailable);
        using var bench = new RetryBench((_, _) => dropped, o => o.BaseDelay = TimeSpan.FromSeconds(5));
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = bench.SendAsync(Request(), cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        OperationCanceledException e = await Should.ThrowAsync<OperationCanceledException>(() => sending);
        e.CancellationToken.ShouldBe(cancel.Token);
        dropped.IsDisposed.ShouldBeTrue();
        bench.Stub.Sends.ShouldBe(1);
    }

    [Fact]
    public async Task Send_SynchronouslyCancelledDuringTheWait_Throws()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable), o => o.BaseDelay = TimeSpan.FromSeconds(5));
        using var cancel = new CancellationTokenSource();
        Task sending = Task.Run(() => bench.SendAsync(Request(), sync: true, cancel.Token));
        await bench.Clock.WaitForTimerAsync();
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => sending);
        bench.Stub.Sends.ShouldBe(1);
    }

    [Fact]
    public async Task Send_SynchronousWait_EndsWithTheTimer()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), o => o.BaseDelay = TimeSpan.FromSeconds(5));
        Task<HttpResponseMessage> sending = Task.Run(() => bench.SendAsync(Request(), sync: true));
        await bench.Clock.WaitForTimerAsync();
        sending.IsCompleted.ShouldBeFalse();
        bench.Clock.AdvanceToNextTimer().ShouldBeTrue();
        using HttpResponseMessage response = await sending;
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Send_CancelledBeforeTheOutcome_IsNotRetried()
    {
        using var cancel = new CancellationTokenSource();
        using var bench = new RetryBench((_, _) =>
        {
            cancel.Cancel();
            return Status(HttpStatusCode.ServiceUnavailable);
        });
        using HttpResponseMessage response = await bench.SendAsync(Request(), cancellationToken: cancel.Token);
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        bench.Reasons.ShouldBe([RetryReason.StoppedCancelled]);
    }

    [Fact]
    public async Task Send_TwoLayersOfRetries_DoNotMultiply()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable), below: Retrying(maxRetries: 3));
        using HttpResponseMessage response = await bench.SendAsync(Request());
        bench.Stub.Sends.ShouldBe(4);
    }

    [Fact]
    public async Task Send_TwoLayersOfRetriesThatThrow_DoNotMultiply()
    {
        using var bench = new RetryBench((_, _) => throw Failures.Reset(), below: Retrying(maxRetries: 3));
        await Should.ThrowAsync<HttpRequestException>(() => bench.SendAsync(Request()));
        bench.Stub.Sends.ShouldBe(4);
    }

    [Fact]
    public async Task Send_InnerLayerHasFewerRetries_AllTogetherAsManyAsTheOuterHas()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable), below: Retrying(maxRetries: 1));
        using HttpResponseMessage response = await bench.SendAsync(Request());
        bench.Stub.Sends.ShouldBe(4);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_SameMessageSentAgainByItsOwner_BeginsToCountAnew(bool sync)
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable));
        HttpRequestMessage request = Request();
        for (int i = 1; i <= 3; i++)
        {
            using HttpResponseMessage response = await bench.SendAsync(request, sync);
            bench.Stub.Sends.ShouldBe(4 * i);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_SameMessageFailsAgain_BeginsToCountAnew(bool nested)
    {
        using var bench = new RetryBench((_, n) => n % 5 == 4 ? Status(HttpStatusCode.OK) : throw Failures.Reset(), below: nested ? Retrying(maxRetries: 3) : null);
        HttpRequestMessage request = Request();

        // Four sends that fail, one that succeeds, three that fail and one that succeeds …
        await Should.ThrowAsync<HttpRequestException>(() => bench.SendAsync(request));
        using HttpResponseMessage second = await bench.SendAsync(request);
        await Should.ThrowAsync<HttpRequestException>(() => bench.SendAsync(request));
        using HttpResponseMessage fourth = await bench.SendAsync(request);

        bench.Stub.Sends.ShouldBe(10);
    }

    private static Func<HttpMessageHandler, HttpMessageHandler> Retrying(int maxRetries) => inner =>
        new RetryHandler(new RetryOptions { BaseDelay = TimeSpan.Zero, MaxRetries = maxRetries }, new ReplayOptions(), new RetryServices { Budgets = new RetryBudgetRegistry(new StaleConnGuard.Testing.TestClock()) }) { InnerHandler = inner };

    [Fact]
    public async Task Send_Disabled_IsSentOnce()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable), o => o.Enabled = false);
        using HttpResponseMessage response = await bench.SendAsync(Request());
        using HttpResponseMessage again = await bench.SendAsync(Request(), sync: true);
        bench.Stub.Sends.ShouldBe(2);
    }

    [Fact]
    public async Task Send_OwnStatusCodes_ReplaceTheDefaults()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.TooManyRequests, HttpStatusCode.ServiceUnavailable), o => o.StatusCodes = [HttpStatusCode.TooManyRequests]);
        using HttpResponseMessage response = await bench.SendAsync(Request());
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        bench.Stub.Sends.ShouldBe(2);
    }

    private sealed class ThrowsOnce : DelegatingHandler
    {
        private bool _thrown;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (_thrown)
            {
                return base.SendAsync(request, cancellationToken);
            }

            _thrown = true;
            throw Failures.Ended();
        }
    }

    private sealed class RefusesFirst : DelegatingHandler
    {
        private bool _refused;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            if (_refused)
            {
                return await base.SendAsync(request, cancellationToken);
            }

            _refused = true;
            throw Failures.Refused();
        }
    }

    private sealed class CombinatorialStatusAttribute : Xunit.v3.DataAttribute
    {
        public override bool SupportsDiscoveryEnumeration() => true;

        public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(System.Reflection.MethodInfo testMethod, Xunit.Sdk.DisposalTracker disposalTracker) =>
            ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
            [
                .. from status in RetryOptions.DefaultStatusCodes
                   from sync in (bool[])[false, true]
                   select new TheoryDataRow<HttpStatusCode, bool>(status, sync),
            ]);
    }
}
