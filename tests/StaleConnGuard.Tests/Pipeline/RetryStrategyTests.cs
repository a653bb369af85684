using System.Net;
using Polly;
using Polly.Telemetry;
using Polly.Timeout;
using StaleConnGuard.Testing;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Pipeline;

public class RetryStrategyTests
{
    private readonly TestClock _clock = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Execute_RequestOnTheContext_IsRetried(bool sync)
    {
        int sends = 0;
        HttpResponseMessage response = await ExecuteAsync(Pipeline(), Request(), sync, _ => Status(sends++ == 0 ? HttpStatusCode.BadGateway : HttpStatusCode.OK));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        sends.ShouldBe(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Execute_PostOnTheContext_IsNotRetried(bool sync)
    {
        int sends = 0;
        HttpResponseMessage response = await ExecuteAsync(Pipeline(), Request("POST"), sync, _ => Status(sends++ == 0 ? HttpStatusCode.BadGateway : HttpStatusCode.OK));
        response.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        sends.ShouldBe(1);
    }

    [Fact]
    public async Task Execute_AsynchronousCallback_IsRetried()
    {
        int sends = 0;
        HttpResponseMessage response = await Pipeline().ExecuteAsync(async (context, _) =>
        {
            await Task.Yield();
            return sends++ < 2 ? throw Failures.Ended() : Status(HttpStatusCode.OK);
        }, Context(Request()), 0);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        sends.ShouldBe(3);
    }

    [Fact]
    public async Task ExecuteOutcome_CallbackThrows_IsRetried()
    {
        int sends = 0;
        Outcome<HttpResponseMessage> outcome = await Pipeline().ExecuteOutcomeAsync(
            (_, _) => sends++ < 2 ? throw Failures.Refused() : Outcome.FromResultAsValueTask(Status(HttpStatusCode.OK)), Context(Request("POST")), 0);
        outcome.Result!.StatusCode.ShouldBe(HttpStatusCode.OK);
        sends.ShouldBe(3);
    }

    [Theory]
    [InlineData("PUT", 2)]
    [InlineData("POST", 1)]
    // A redirect may have made a GET of a POST, and nothing here knows what was sent.
    [InlineData("GET", 1)]
    public async Task Execute_RequestFromTheResponseOnly_IsRetriedUnlessItMayHaveBeenAnother(string method, int expected)
    {
        int sends = 0;
        await Pipeline().ExecuteAsync(_ =>
        {
            HttpResponseMessage response = Status(sends++ == 0 ? HttpStatusCode.BadGateway : HttpStatusCode.OK);
            response.RequestMessage = Request(method);
            return ValueTask.FromResult(response);
        });
        sends.ShouldBe(expected);
    }

    [Fact]
    public async Task Execute_RequestFromTheResponseOnly_StillStopsAtMaxRetries()
    {
        int sends = 0;
        await Pipeline().ExecuteAsync(_ =>
        {
            sends++;
            HttpResponseMessage response = Status(HttpStatusCode.BadGateway);
            response.RequestMessage = Request("PUT");
            return ValueTask.FromResult(response);
        });
        sends.ShouldBe(4);
    }

    [Fact]
    public async Task Execute_ExceptionWithoutARequest_IsNotRetried()
    {
        int sends = 0;
        await Should.ThrowAsync<HttpRequestException>(async () => await Pipeline().ExecuteAsync<HttpResponseMessage>(_ =>
        {
            sends++;
            throw Failures.Refused();
        }));
        sends.ShouldBe(1);
    }

    [Fact]
    public async Task Execute_InsideATimeout_TheTimeoutEndsTheWait()
    {
        ResiliencePipeline<HttpResponseMessage> pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = _clock }
            .AddTimeout(TimeSpan.FromSeconds(2))
            .AddStaleConnGuardRetry(o => (o.BaseDelay, o.Jitter) = (TimeSpan.FromSeconds(5), RetryJitter.Decorrelated))
            .Build();
        Task<HttpResponseMessage> running = ExecuteAsync(pipeline, Request(), sync: false, _ => Status(HttpStatusCode.BadGateway));
        _clock.Advance(TimeSpan.FromSeconds(2));
        await Should.ThrowAsync<TimeoutRejectedException>(() => running);
    }

    [Fact]
    public async Task Execute_Telemetry_SeesRetriesUnderPollysName()
    {
        var listener = new Listener();
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = _clock, TelemetryListener = listener };
        builder.AddStaleConnGuardRetry(o => (o.BaseDelay, o.Budget.Ratio, o.Budget.MinRetriesPerSecond) = (TimeSpan.Zero, 0, 2));
        await ExecuteAsync(builder.Build(), Request(), sync: false, _ => Status(HttpStatusCode.BadGateway));
        listener.Events.ShouldBe(["OnRetry", "OnRetry", "OnRetryBudgetEmpty"]);
    }

    [Fact]
    public async Task AddStaleConnGuardRetry_Disabled_AddsNothing()
    {
        int sends = 0;
        ResiliencePipeline<HttpResponseMessage> pipeline = new ResiliencePipelineBuilder<HttpResponseMessage>().AddStaleConnGuardRetry(o => o.Enabled = false).Build();
        await ExecuteAsync(pipeline, Request(), sync: false, _ => Status(sends++ == 0 ? HttpStatusCode.BadGateway : HttpStatusCode.OK));
        sends.ShouldBe(1);
    }

    [Fact]
    public void AddStaleConnGuardRetry_WrongOptions_SaysSoAtOnce()
    {
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage>();
        Should.Throw<ArgumentException>(() => builder.AddStaleConnGuardRetry(o => o.MaxRetries = 99)).Message.ShouldContain("Retry:MaxRetries is 99");
        Should.Throw<ArgumentException>(() => builder.AddStaleConnGuardRetry(o => o.ConfigurePipeline = _ => { })).Message.ShouldContain("Retry:ConfigurePipeline");
        Should.NotThrow(() => builder.AddStaleConnGuardRetry());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConfigurePipeline_BreakerAround_SeesOneExecutionAndHealedOnesAsSuccess(bool sync)
    {
        var around = new CountingStrategy();
        using var bench = new RetryBench((_, n) => Status(n % 2 == 0 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK), o => o.ConfigurePipeline = b => b.AddStrategy(_ => around));
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await bench.SendAsync(Request(), sync);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        bench.Stub.Sends.ShouldBe(6);
        around.Outcomes.ShouldBe([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK]);
    }

    [Fact]
    public async Task ConfigurePipeline_Exception_SurfacesAsItWas()
    {
        using var bench = new RetryBench((_, _) => throw new InvalidOperationException("mine"), o => o.ConfigurePipeline = b => b.AddTimeout(TimeSpan.FromSeconds(1)));
        (await Should.ThrowAsync<InvalidOperationException>(() => bench.SendAsync(Request()))).Message.ShouldBe("mine");
        Should.Throw<InvalidOperationException>(() => { _ = bench.SendAsync(Request(), sync: true); }).Message.ShouldBe("mine");
    }

    [Fact]
    public async Task ConfigurePipeline_SynchronousSend_WaitsByBlocking()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), o =>
        {
            o.BaseDelay = TimeSpan.FromSeconds(1);
            o.ConfigurePipeline = b => b.AddStrategy(_ => new CountingStrategy());
        });
        Task<HttpResponseMessage> sending = Task.Run(() => bench.SendAsync(Request(), sync: true));
        await bench.Clock.WaitForTimerAsync();
        bench.Clock.AdvanceToNextTimer().ShouldBeTrue();
        (await sending).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private ResiliencePipeline<HttpResponseMessage> Pipeline() =>
        new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = _clock }.AddStaleConnGuardRetry(o => o.BaseDelay = TimeSpan.Zero).Build();

    private static ResilienceContext Context(HttpRequestMessage request)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(CancellationToken.None);
        context.Properties.Set(RetryContext.RequestMessage, request);
        return context;
    }

    private static Task<HttpResponseMessage> ExecuteAsync(ResiliencePipeline<HttpResponseMessage> pipeline, HttpRequestMessage request, bool sync, Func<HttpRequestMessage, HttpResponseMessage> send) =>
        sync
            ? Task.FromResult(pipeline.Execute((_, s) => s(request), Context(request), send))
            : pipeline.ExecuteAsync((_, s) => ValueTask.FromResult(s(request)), Context(request), send).AsTask();

    private sealed class Listener : TelemetryListener
    {
        public List<string> Events { get; } = [];

        public override void Write<TResult, TArgs>(in TelemetryEventArguments<TResult, TArgs> args)
        {
            if (args.Event.EventName.StartsWith("OnRetry", StringComparison.Ordinal))
            {
                Events.Add(args.Event.EventName);
            }
        }
    }

    private sealed class CountingStrategy : ResilienceStrategy<HttpResponseMessage>
    {
        public List<HttpStatusCode?> Outcomes { get; } = [];

        protected override async ValueTask<Outcome<HttpResponseMessage>> ExecuteCore<TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<HttpResponseMessage>>> callback, ResilienceContext context, TState state)
        {
            Outcome<HttpResponseMessage> outcome = await callback(context, state);
            Outcomes.Add(outcome.Result?.StatusCode);
            return outcome;
        }
    }
}
