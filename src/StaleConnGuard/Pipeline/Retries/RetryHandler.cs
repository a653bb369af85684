using Polly;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// Retries what may be retried: outermost of this library's handlers, above the application's own. With
/// <see cref="RetryOptions.ConfigurePipeline"/> the retries are the innermost strategy of that pipeline; without, they run without one, by the
/// same loop, because a request that succeeds should not pay for a pipeline that holds nothing else. Each request is sent by the options in force when it
/// comes. Thread-safe.
/// </summary>
internal sealed class RetryHandler : DelegatingHandler
{
    private readonly GuardSettingsHolder _settings;
    private readonly RetryServices _services;
    private RetrySettings _inForce;

    /// <param name="settings">The options, followed when they are reloaded.</param>
    /// <param name="services">What is needed besides.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public RetryHandler(GuardSettingsHolder settings, RetryServices services)
    {
        _settings = settings;
        _services = services;
        _inForce = Make(settings.Current, before: null);
    }

    /// <summary>With options that stay as they are.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public RetryHandler(RetryOptions retry, ReplayOptions replay, RetryServices services)
        : this(new GuardSettingsHolder(new GuardSettings(new StaleConnGuardOptions { Retry = retry, Replay = replay })), services)
    {
    }

    /// <summary>Whether these options give the handler anything to do.</summary>
    public static bool IsNeeded(StaleConnGuardOptions options) => options.Retry.Enabled || options.Replay.BufferOneShotUpTo is not null;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        RetrySettings settings = InForce();
        if (settings.BufferOneShotUpTo is int limit && OneShotBuffer.IsNeeded(request, limit, settings.BufferUnknownLength))
        {
            return BufferAndSendAsync(settings, request, limit, cancellationToken);
        }

        return Dispatch(settings, request, cancellationToken);
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        RetrySettings settings = InForce();
        if (settings.BufferOneShotUpTo is int limit && OneShotBuffer.IsNeeded(request, limit, settings.BufferUnknownLength))
        {
            OneShotBuffer.Fill(request, limit, cancellationToken);
        }

        if (settings.Loop is not RetryLoop loop)
        {
            return base.Send(request, cancellationToken);
        }

        return settings.Pipeline is null ? SendWithRetries(loop, request, cancellationToken) : SendThroughPipeline(settings.Pipeline, loop, request, cancellationToken);
    }

    /// <summary>What the request that comes now is sent by, to its end. A request costs a comparison; a reload costs the next one more.</summary>
    private RetrySettings InForce()
    {
        GuardSettings current = _settings.Current;
        RetrySettings known = Volatile.Read(ref _inForce);
        if (ReferenceEquals(known.Source, current))
        {
            return known;
        }

        // Two requests at once may both make them; either will do, but only one must be kept, for the sake of the pipeline.
        RetrySettings renewed = Make(current, known);
        RetrySettings kept = Interlocked.CompareExchange(ref _inForce, renewed, known);
        return ReferenceEquals(kept, known) ? renewed : kept;
    }

    private RetrySettings Make(GuardSettings current, RetrySettings? before) => new(current, current.Options.Retry, current.Options.Replay, _services, before);

    private Task<HttpResponseMessage> Dispatch(RetrySettings settings, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (settings.Loop is not RetryLoop loop)
        {
            return base.SendAsync(request, cancellationToken);
        }

        return settings.Pipeline is null ? SendWithRetriesAsync(loop, request, cancellationToken) : SendThroughPipelineAsync(settings.Pipeline, loop, request, cancellationToken);
    }

    private async Task<HttpResponseMessage> BufferAndSendAsync(RetrySettings settings, HttpRequestMessage request, int limit, CancellationToken cancellationToken)
    {
        await OneShotBuffer.FillAsync(request, limit, cancellationToken).ConfigureAwait(false);
        return await Dispatch(settings, request, cancellationToken).ConfigureAwait(false);
    }

    private Task<HttpResponseMessage> SendWithRetriesAsync(RetryLoop loop, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var original = new RequestSnapshot(request);
        long begun = loop.Begin(original.Uri);
        Task<HttpResponseMessage> first;
        try
        {
            first = base.SendAsync(request, cancellationToken);
        }
        catch (Exception e)
        {
            // A handler that is not written with async may throw before it returns a task.
            first = Task.FromException<HttpResponseMessage>(e);
        }

        // The task of a handler that answered at once is handed on as it is: nothing is allocated for it.
        return first.IsCompletedSuccessfully && loop.Policy.IsFinal(first.Result)
            ? first
            : FinishAsync(first, loop, original, begun, cancellationToken);
    }

    /// <summary>
    /// Waits for the first attempt. What follows a failure is in a method of its own, so that the state that lives while an ordinary request is on its way
    /// stays small.
    /// </summary>
    private async Task<HttpResponseMessage> FinishAsync(Task<HttpResponseMessage> attempt, RetryLoop loop, RequestSnapshot original, long begun, CancellationToken cancellationToken)
    {
        await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!attempt.IsCompletedSuccessfully || !loop.Policy.IsFinal(attempt.Result))
        {
            // Waited for in the same way as the first: another kind of wait would be one more field.
            attempt = ContinueAsync(attempt, loop, original, begun, cancellationToken);
            await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.None);
        }

        return attempt.Result;
    }

    private async Task<HttpResponseMessage> ContinueAsync(Task<HttpResponseMessage> first, RetryLoop loop, RequestSnapshot original, long begun, CancellationToken cancellationToken)
    {
        Outcome<HttpResponseMessage> outcome;
        try
        {
            outcome = Outcome.FromResult(await first.ConfigureAwait(false));
        }
        catch (Exception e)
        {
            outcome = Outcome.FromException<HttpResponseMessage>(e);
        }

        outcome = await loop.ContinueAsync(new AsyncAttempt(this, original.Request, cancellationToken), outcome, original, begun, blocking: false, cancellationToken).ConfigureAwait(false);
        outcome.ThrowIfException();
        return outcome.Result!;
    }

    private HttpResponseMessage SendWithRetries(RetryLoop loop, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var original = new RequestSnapshot(request);
        long begun = loop.Begin(original.Uri);
        Outcome<HttpResponseMessage> outcome = SendCore(request, cancellationToken);
        if (outcome.Result is HttpResponseMessage response && loop.Policy.IsFinal(response))
        {
            return response;
        }

        ValueTask<Outcome<HttpResponseMessage>> finished =
            loop.ContinueAsync(new BlockingAttempt(this, request, cancellationToken), outcome, original, begun, blocking: true, cancellationToken);
        outcome = Completed(finished);
        outcome.ThrowIfException();
        return outcome.Result!;
    }

    private static Outcome<HttpResponseMessage> Completed(ValueTask<Outcome<HttpResponseMessage>> finished)
    {
        System.Diagnostics.Debug.Assert(finished.IsCompleted, "A blocking loop awaits nothing that is not completed.");
        return finished.GetAwaiter().GetResult();
    }

    private async Task<HttpResponseMessage> SendThroughPipelineAsync(ResiliencePipeline<HttpResponseMessage> pipeline, RetryLoop loop, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            context.Properties.Set(RetryContext.RequestMessage, request);
            context.Properties.Set(RetryStrategy.LoopInForce, loop);
            Outcome<HttpResponseMessage> outcome = await pipeline.ExecuteOutcomeAsync(
                static (c, handler) => handler.SendCoreAsync(c.Properties.GetValue(RetryContext.RequestMessage, null!), c.CancellationToken),
                context,
                this).ConfigureAwait(false);
            outcome.ThrowIfException();
            return outcome.Result!;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private HttpResponseMessage SendThroughPipeline(ResiliencePipeline<HttpResponseMessage> pipeline, RetryLoop loop, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            context.Properties.Set(RetryContext.RequestMessage, request);
            context.Properties.Set(RetryStrategy.LoopInForce, loop);
            context.Properties.Set(RetryStrategy.Blocking, true);
            return pipeline.Execute(
                static (c, handler) => handler.SendBlocking(c.Properties.GetValue(RetryContext.RequestMessage, null!), c.CancellationToken),
                context,
                this);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private HttpResponseMessage SendBlocking(HttpRequestMessage request, CancellationToken cancellationToken) => base.Send(request, cancellationToken);

    private Outcome<HttpResponseMessage> SendCore(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Outcome.FromResult(base.Send(request, cancellationToken));
        }
        catch (Exception e)
        {
            return Outcome.FromException<HttpResponseMessage>(e);
        }
    }

    private async ValueTask<Outcome<HttpResponseMessage>> SendCoreAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return Outcome.FromResult(await base.SendAsync(request, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            return Outcome.FromException<HttpResponseMessage>(e);
        }
    }

    private readonly struct AsyncAttempt(RetryHandler handler, HttpRequestMessage request, CancellationToken cancellationToken) : IAttempt
    {
        public ResilienceContext? Context => null;

        public ValueTask<Outcome<HttpResponseMessage>> SendAsync() => handler.SendCoreAsync(request, cancellationToken);
    }

    private readonly struct BlockingAttempt(RetryHandler handler, HttpRequestMessage request, CancellationToken cancellationToken) : IAttempt
    {
        public ResilienceContext? Context => null;

        public ValueTask<Outcome<HttpResponseMessage>> SendAsync() => ValueTask.FromResult(handler.SendCore(request, cancellationToken));
    }
}
