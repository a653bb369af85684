namespace StaleConnGuard;

/// <summary>
/// The innermost handler: opens an exchange for each send, and decides after a stale hit whether to replay the request on a fresh
/// connection or to surface what happened. Thread-safe; state lives in the exchange.
/// </summary>
internal sealed class ConnectionGuardHandler(ConnectionGuard guard, GuardSettingsHolder settings, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    // Each refusal ends one pooled connection, so this many in one request means the pool is being refilled as fast as it is refused.
    private const int MaxRefusals = 64;

    public ConnectionGuard Guard { get; } = guard;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Attempt attempt = Attempt.First(Guard, settings.Current, request);
        Exchange.Current = attempt.Exchange;
        try
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            attempt.Complete(response);
            return response;
        }
        catch (Exception e)
        {
            if (!attempt.Fail() || !TryNext(ref attempt, e, cancellationToken))
            {
                throw;
            }
        }

        return await ReplayAsync(attempt, request, cancellationToken).ConfigureAwait(false);
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Exchange? outer = Exchange.Current;
        Attempt attempt = Attempt.First(Guard, settings.Current, request);
        try
        {
            while (true)
            {
                Exchange.Current = attempt.Exchange;
                try
                {
                    HttpResponseMessage response = base.Send(request, cancellationToken);
                    attempt.Complete(response);
                    return response;
                }
                catch (Exception e)
                {
                    if (!attempt.Fail() || !TryNext(ref attempt, e, cancellationToken))
                    {
                        throw;
                    }
                }
            }
        }
        finally
        {
            Exchange.Current = outer;
        }
    }

    private async Task<HttpResponseMessage> ReplayAsync(Attempt attempt, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        while (true)
        {
            Exchange.Current = attempt.Exchange;
            try
            {
                HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                attempt.Complete(response);
                return response;
            }
            catch (Exception e)
            {
                if (!attempt.Fail() || !TryNext(ref attempt, e, cancellationToken))
                {
                    throw;
                }
            }
        }
    }

    /// <summary>
    /// The decision after a failed attempt: the next attempt, or false to let the original exception pass, or our own exception for a
    /// stale hit that surfaces.
    /// </summary>
    private bool TryNext(ref Attempt attempt, Exception failure, CancellationToken cancellationToken)
    {
        Exchange exchange = attempt.Exchange;
        HttpRequestMessage request = exchange.Request;
        GuardSettings inForce = exchange.Settings;
        RequestAttempts attempts = RequestAttempts.GetOrAttach(request);
        bool refused = exchange.End is ConnectionEnd.Refused or ConnectionEnd.ClosedBeforeUse;

        ReplayDecision decision = ReplayRule.Decide(new ReplayFacts
        {
            Delivery = exchange.Delivery,
            IsReused = exchange.IsReused,
            IsCancelled = cancellationToken.IsCancellationRequested,
            IsSafeToRepeat = RepeatSafety.IsSafeToRepeat(request),
            CanBodyBeSent = attempt.CanBodyBeSent,

            // What the guard itself refused never left: it is no replay in the caller's count, and is bounded on its own.
            Replays = refused && attempts.Refusals < MaxRefusals ? 0 : attempts.Replays,
            IsUnprovenReplaySpent = attempts.UnprovenReplaySpent,
            MaxReplays = inForce.MaxReplays,
            UnsafeReplay = inForce.UnsafeReplay,
        });

        EndedExchange ended = Guard.OnEnded(exchange, decision, attempts.Replays);

        if (decision.IsReplay())
        {
            attempts.Count(decision, refused);
            attempt = attempt.Next(mayRefuseWrite: attempts.Refusals < MaxRefusals);
            return true;
        }

        return decision is ReplayDecision.SurfaceCancelled or ReplayDecision.SurfaceNewConnection || !exchange.IsReused
            ? false
            : throw new StaleConnectionException(ended, failure);
    }
}
