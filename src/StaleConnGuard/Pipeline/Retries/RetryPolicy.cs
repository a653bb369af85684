using System.Net;

namespace StaleConnGuard.Pipeline;

/// <summary>The retry options of one handler, frozen, and the rules that read them. Immutable but for its source of chance; thread-safe.</summary>
internal sealed class RetryPolicy
{
    private readonly bool[] _retriedStatus = new bool[RetryDefaults.HighestStatusCode + 1];
    private readonly bool _trustsProof;
    private readonly bool _honorRetryAfter;
    private readonly TimeSpan _maxRetryAfter;

    /// <param name="options">The options.</param>
    /// <param name="nonIdempotentReplay">Whether a proof of non-delivery is trusted for a request that is not safe to repeat.</param>
    /// <param name="random">The source of chance; used by this instance alone.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names each.</exception>
    public RetryPolicy(RetryOptions options, NonIdempotentReplay nonIdempotentReplay, Random random)
    {
        string errors = string.Join("; ", RetryOptionsRules.Check(options));
        if (errors.Length > 0)
        {
            throw new ArgumentException(errors, nameof(options));
        }

        foreach (HttpStatusCode code in options.StatusCodes ?? RetryOptions.DefaultStatusCodes)
        {
            _retriedStatus[(int)code] = true;
        }

        _trustsProof = nonIdempotentReplay is not NonIdempotentReplay.Never;
        _honorRetryAfter = options.HonorRetryAfter;
        _maxRetryAfter = options.MaxRetryAfter;
        MaxRetries = options.MaxRetries;
        CallerTimeout = options.CallerTimeout;
        EarnedUnits = RetryBudget.ToUnits(options.Budget.Ratio);
        MinRetriesPerSecond = options.Budget.MinRetriesPerSecond;
        Backoff = new Backoff(options.BaseDelay, options.MaxDelay, options.Jitter, random);
    }

    public int MaxRetries { get; }

    public TimeSpan? CallerTimeout { get; }

    /// <summary>What one request earns, in <see cref="RetryBudget"/>'s units.</summary>
    public long EarnedUnits { get; }

    public double MinRetriesPerSecond { get; }

    public Backoff Backoff { get; }

    /// <summary>Nothing to retry, whatever else is true: the question that every success answers.</summary>
    public bool IsFinal(HttpResponseMessage response)
    {
        uint status = (uint)response.StatusCode;
        return status >= (uint)_retriedStatus.Length || !_retriedStatus[status];
    }

    /// <summary>May the request be sent again after this response or exception, time and budget aside? Never more than <see cref="MaxRetries"/> times.</summary>
    /// <param name="original">The request as it was before its first attempt; unknown when default.</param>
    /// <param name="attempts">What is noted of its attempts, if anything.</param>
    /// <param name="retries">The retries it has had.</param>
    /// <param name="failure">What its exception says; <see cref="FailureKind.None"/> without one.</param>
    /// <param name="response">The response, or null.</param>
    /// <param name="callerToken">The caller's token.</param>
    public RetryReason Judge(in RequestSnapshot original, RequestAttempts? attempts, int retries, FailureKind failure, HttpResponseMessage? response, CancellationToken callerToken)
    {
        if (failure is FailureKind.Other || (failure is FailureKind.None && IsFinal(response!)))
        {
            return RetryReason.StoppedNothingToRetry;
        }

        if (failure is FailureKind.Cancelled || callerToken.IsCancellationRequested)
        {
            return RetryReason.StoppedCancelled;
        }

        if (failure is FailureKind.ResponseStarted)
        {
            return RetryReason.StoppedResponseStarted;
        }

        if (!original.IsKnown)
        {
            return RetryReason.StoppedRequestUnknown;
        }

        // After a redirect, evidence is about the last hop only: the first server has answered, hence seen the request and read its content.
        bool redirected = attempts?.WasRedirected ?? original.HasAnotherAddress;
        bool notSent = failure is FailureKind.NotSent && !redirected;
        bool notReceived = notSent || (failure is FailureKind.ProvenUndelivered && !redirected && _trustsProof);
        if (!notReceived && !RepeatSafety.IsSafeToRepeat(original.Request, original.Method))
        {
            return RetryReason.StoppedNotSafeToRepeat;
        }

        if (!notSent && !BodyRepeatabilityClassifier.CanBeSentAgain(original.Content))
        {
            return RetryReason.StoppedBodyOneShot;
        }

        if (retries >= MaxRetries)
        {
            return RetryReason.StoppedRetriesSpent;
        }

        if (notReceived)
        {
            return RetryReason.RetriedNotReceived;
        }

        return failure is FailureKind.None ? RetryReason.RetriedStatus : RetryReason.RetriedConnectionLost;
    }

    /// <summary>What the server asks for, zero when nothing; null when it is more than is accepted.</summary>
    public TimeSpan? RequestedWait(HttpResponseMessage? response, DateTimeOffset now)
    {
        if (response is null || !_honorRetryAfter)
        {
            return TimeSpan.Zero;
        }

        TimeSpan wait = RetryAfter.Read(response, now) ?? TimeSpan.Zero;
        return wait <= _maxRetryAfter ? wait : null;
    }
}
