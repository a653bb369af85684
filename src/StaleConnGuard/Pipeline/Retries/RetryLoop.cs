using Polly;

namespace StaleConnGuard.Pipeline;

/// <summary>One way of making an attempt. A structure, so that the loop is compiled for each way and nothing is allocated for it.</summary>
internal interface IAttempt
{
    /// <summary>The Polly execution it is part of, if any.</summary>
    ResilienceContext? Context { get; }

    /// <summary>Never throws; completed on return when the attempt is synchronous.</summary>
    ValueTask<Outcome<HttpResponseMessage>> SendAsync();
}

/// <summary>
/// What follows a first attempt that did not simply succeed. It will: 1. decide (rules, <c>Retry-After</c>, deadline, budget, in this
/// order, because the budget is spent by asking); 2. drop the response, so that its connection is free during the wait; 3. wait; 4. make the
/// message what it was and send it again. One instance a handler or strategy; thread-safe.
/// </summary>
internal sealed class RetryLoop(RetryPolicy policy, RetryServices services)
{
    private readonly OriginBudgetCache _budgets = new(services.Budgets);
    private readonly TimeProvider _time = services.Budgets.Time;

    public RetryPolicy Policy => policy;

    // (6)

    /// <summary>Counts a request that is about to be sent for the first time. Returns when that was, or a little earlier: deadlines may come early.</summary>
    public long Begin(Uri? uri)
    {
        long now = RoughClock.Read(_time);
        _budgets.Find(uri)?.Earn(policy.EarnedUnits, now);
        return now;
    }

    /// <param name="attempt">Sends the message again.</param>
    /// <param name="outcome">The outcome of the first attempt.</param>
    /// <param name="original">The request before the first attempt; default when it is not known.</param>
    /// <param name="begun">When the first attempt began.</param>
    /// <param name="blocking">Waits block the thread; every attempt is completed on return.</param>
    /// <param name="callerToken">The caller's token.</param>
    public async ValueTask<Outcome<HttpResponseMessage>> ContinueAsync<TAttempt>(
        TAttempt attempt, Outcome<HttpResponseMessage> outcome, RequestSnapshot original, long begun, bool blocking, CancellationToken callerToken)
        where TAttempt : struct, IAttempt
    {
        RequestSnapshot subject = original.IsKnown ? original : RequestSnapshot.FromResponse(outcome.Result);
        RequestAttempts? attempts = subject.IsKnown ? RequestAttempts.Find(subject.Request) : null;

        // Below another retry layer of ours, which sends the message again: what it has counted counts here, and it goes on counting when this one is done.
        bool isRetried = attempts is { IsRetried: true };
        if (!isRetried && attempts?.EndedWith(outcome.Result, outcome.Exception) is false)
        {
            attempts.Forget();
        }

        TimeSpan backoff = TimeSpan.Zero;
        for (int retries = 0; ; retries++)
        {
            RetryDecision decision = Decide(subject, attempts, ref backoff, retries, outcome, begun, attempt.Context, callerToken);
            if (!decision.IsRetry)
            {
                break;
            }

            outcome.Result?.Dispose();
            try
            {
                await WaitAsync(decision.Delay, blocking, callerToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException e)
            {
                outcome = Outcome.FromException<HttpResponseMessage>(e);
                break;
            }

            attempts = RequestAttempts.GetOrAttach(subject.Request);
            attempts.BeginRetry();
            MetricsEnrichment.PutBack(subject.Request);
            subject.Restore();
            outcome = await attempt.SendAsync().ConfigureAwait(false);
            attempts.IsRetried = isRetried;
            subject = original.IsKnown ? original : RequestSnapshot.FromResponse(outcome.Result);
        }

        if (!isRetried)
        {
            attempts?.Settle((object?)outcome.Result ?? outcome.Exception!);
        }

        return outcome;
    }

    private RetryDecision Decide(
        in RequestSnapshot original, RequestAttempts? attempts, ref TimeSpan backoff, int retriesHere, Outcome<HttpResponseMessage> outcome, long begun, ResilienceContext? context, CancellationToken callerToken)
    {
        // The message's own count may be higher: an outer layer repeats the whole.
        int retries = Math.Max(retriesHere, attempts?.Retries ?? 0);
        FailureKind failure = FailureClassifier.Classify(outcome.Exception, attempts, callerToken);
        RetryReason reason = policy.Judge(original, attempts, retries, failure, outcome.Result, callerToken);
        if (reason is RetryReason.StoppedNothingToRetry)
        {
            return RetryDecision.Stop(reason);
        }

        RetryBudget? budget = _budgets.Find(original.Uri);
        RetryDecision decision = new RetryDecision(reason, TimeSpan.Zero).IsRetry
            ? Schedule(reason, original, budget, ref backoff, retries, outcome.Result, begun, callerToken)
            : RetryDecision.Stop(reason);
        Tell(decision, budget, new RetryAttempt
        {
            Decision = decision,
            Request = original.Request,
            Response = outcome.Result,
            Exception = outcome.Exception,
            Retries = retries,
            Origin = budget?.Key,
            Context = context,
        });
        return decision;
    }

    private RetryDecision Schedule(
        RetryReason reason, in RequestSnapshot original, RetryBudget? budget, ref TimeSpan backoff, int retries, HttpResponseMessage? response, long begun, CancellationToken callerToken)
    {
        if (policy.RequestedWait(response, _time.GetUtcNow()) is not TimeSpan requested)
        {
            return RetryDecision.Stop(RetryReason.StoppedRetryAfterTooLong);
        }

        backoff = policy.Backoff.Next(retries, backoff);
        TimeSpan delay = requested + backoff;
        TimeSpan elapsed = _time.GetElapsedTime(begun);
        TimeSpan patience = CallerTimeoutOf(original.Request) ?? ClientTimeoutOf(elapsed, callerToken);
        if (patience != Timeout.InfiniteTimeSpan && elapsed + delay >= patience)
        {
            return RetryDecision.Stop(RetryReason.StoppedDeadline);
        }

        if (budget is not null && !budget.TrySpend(policy.MinRetriesPerSecond, _time))
        {
            return RetryDecision.Stop(RetryReason.StoppedBudgetEmpty);
        }

        return new RetryDecision(reason, delay);
    }

    private TimeSpan? CallerTimeoutOf(HttpRequestMessage request) =>
        request.Options.TryGetValue(HttpRequestMessageExtensions.CallerTimeout, out TimeSpan ofRequest) ? ofRequest : policy.CallerTimeout;

    /// <summary>What is known of <see cref="HttpClient.Timeout"/>, unless it is evident that this request is not under it.</summary>
    private TimeSpan ClientTimeoutOf(TimeSpan elapsed, CancellationToken callerToken)
    {
        // A client always hands down a token that can be cancelled, and cancels it in time.
        if (services.ClientTimeout is not ClientTimeout known || !callerToken.CanBeCanceled)
        {
            return Timeout.InfiniteTimeSpan;
        }

        TimeSpan longest = known.Longest;
        return elapsed < longest ? longest : Timeout.InfiniteTimeSpan;
    }

    private void Tell(RetryDecision decision, RetryBudget? budget, in RetryAttempt told)
    {
        if (decision.IsRetry)
        {
            services.Events.Retrying(told);
            return;
        }

        services.Events.RetriesStopped(told);
        if (decision.Reason is RetryReason.StoppedBudgetEmpty && budget is not null && budget.ShouldReport(_time))
        {
            services.Events.RetryBudgetEmpty(budget.Key);
        }
    }

    private async ValueTask WaitAsync(TimeSpan delay, bool blocking, CancellationToken callerToken)
    {
        if (blocking)
        {
            BlockingDelay.Wait(_time, delay, callerToken);
            return;
        }

        await Task.Delay(delay, _time, callerToken).ConfigureAwait(false);
    }
}
