using Polly;

namespace StaleConnGuard.Pipeline;

/// <summary>The retries as a strategy of a Polly pipeline. Thread-safe.</summary>
/// <param name="own">What runs them, unless the execution's context says otherwise.</param>
internal sealed class RetryStrategy(RetryLoop own) : ResilienceStrategy<HttpResponseMessage>
{
    /// <summary>Set on the context of a synchronous execution: Polly does not show strategies of others whether it is one.</summary>
    internal static readonly ResiliencePropertyKey<bool> Blocking = new("StaleConnGuard.Blocking");

    /// <summary>Set by a handler whose options may have changed since the pipeline was built.</summary>
    internal static readonly ResiliencePropertyKey<RetryLoop> LoopInForce = new("StaleConnGuard.RetryLoop");

    protected override ValueTask<Outcome<HttpResponseMessage>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<HttpResponseMessage>>> callback, ResilienceContext context, TState state)
    {
        RetryLoop loop = context.Properties.GetValue(LoopInForce, own);
        context.Properties.TryGetValue(RetryContext.RequestMessage, out HttpRequestMessage? request);
        RequestSnapshot original = request is null ? default : new RequestSnapshot(request);
        long begun = loop.Begin(original.Uri);
        var attempt = new Attempt<TState>(callback, context, state);
        ValueTask<Outcome<HttpResponseMessage>> first = attempt.SendAsync();
        if (!first.IsCompletedSuccessfully)
        {
            return FinishAsync(loop, attempt, first, original, begun);
        }

        Outcome<HttpResponseMessage> outcome = first.Result;
        return outcome.Result is HttpResponseMessage response && loop.Policy.IsFinal(response)
            ? ValueTask.FromResult(outcome)
            : Continue(loop, attempt, outcome, original, begun);
    }

    private static async ValueTask<Outcome<HttpResponseMessage>> FinishAsync<TState>(
        RetryLoop loop, Attempt<TState> attempt, ValueTask<Outcome<HttpResponseMessage>> first, RequestSnapshot original, long begun)
    {
        Outcome<HttpResponseMessage> outcome = await first.ConfigureAwait(attempt.Context.ContinueOnCapturedContext);
        return outcome.Result is HttpResponseMessage response && loop.Policy.IsFinal(response)
            ? outcome
            : await Continue(loop, attempt, outcome, original, begun).ConfigureAwait(attempt.Context.ContinueOnCapturedContext);
    }

    private static ValueTask<Outcome<HttpResponseMessage>> Continue<TState>(
        RetryLoop loop, Attempt<TState> attempt, Outcome<HttpResponseMessage> outcome, RequestSnapshot original, long begun) =>
        loop.ContinueAsync(attempt, outcome, original, begun, attempt.Context.Properties.GetValue(Blocking, defaultValue: false), attempt.Context.CancellationToken);

    private readonly struct Attempt<TState>(Func<ResilienceContext, TState, ValueTask<Outcome<HttpResponseMessage>>> callback, ResilienceContext context, TState state) : IAttempt
    {
        public ResilienceContext Context => context;

        public ValueTask<Outcome<HttpResponseMessage>> SendAsync()
        {
            ValueTask<Outcome<HttpResponseMessage>> sent;
            try
            {
                sent = callback(context, state);
            }
            catch (Exception e)
            {
                return Outcome.FromExceptionAsValueTask<HttpResponseMessage>(e);
            }

            return sent.IsCompletedSuccessfully ? sent : GuardAsync(sent);
        }

        // Callbacks are asked to put exceptions into the outcome; not all do.
        private static async ValueTask<Outcome<HttpResponseMessage>> GuardAsync(ValueTask<Outcome<HttpResponseMessage>> sent)
        {
            try
            {
                return await sent.ConfigureAwait(false);
            }
            catch (Exception e)
            {
                return Outcome.FromException<HttpResponseMessage>(e);
            }
        }
    }
}
