namespace StaleConnGuard;

/// <summary>
/// The innermost handler: opens an exchange for each send, and decides after a stale hit whether to replay the request on a fresh
/// connection or to surface what happened. Thread-safe; state lives in the exchange.
/// </summary>
internal sealed class ConnectionGuardHandler(ConnectionGuard guard, GuardSettingsHolder settings, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    // A connection that is too old cannot come back, so refusing these goes on until the pool is empty of them, however many they are. A
    // connection that is merely not fresh may have been returned this moment by a request that was content with it: so many of these in one
    // request mean that the pool is refilled as fast as it is refused.
    private const int MaxRefusals = 1024;
    private const int MaxRefusalsOfReturned = 64;

    public ConnectionGuard Guard { get; } = guard;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        ExecutionContext.IsFlowSuppressed() ? SendFlowingAsync(request, cancellationToken) : SendGuardedAsync(request, cancellationToken);

    /// <summary>The connection finds its exchange through the execution context, so it must flow below here whatever the caller has done.</summary>
    private Task<HttpResponseMessage> SendFlowingAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ExecutionContext.RestoreFlow();
        try
        {
            return SendGuardedAsync(request, cancellationToken);
        }
        finally
        {
            ExecutionContext.SuppressFlow();
        }
    }

    private async Task<HttpResponseMessage> SendGuardedAsync(HttpRequestMessage request, CancellationToken cancellationToken)
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
        int maxRefusals = exchange.FreshOnly ? MaxRefusalsOfReturned : MaxRefusals;

        ReplayDecision decision = ReplayRule.Decide(new ReplayFacts
        {
            Delivery = exchange.Delivery,
            IsReused = exchange.IsReused,
            IsCancelled = cancellationToken.IsCancellationRequested,
            IsSafeToRepeat = RepeatSafety.IsSafeToRepeat(request),
            CanBodyBeSent = attempt.CanBodyBeSent,

            // What the guard itself refused never left: it is no replay in the caller's count, and is bounded on its own.
            Replays = refused && attempts.Refusals < maxRefusals ? 0 : attempts.Replays,
            IsUnprovenReplaySpent = attempts.UnprovenReplaySpent,
            MaxReplays = inForce.MaxReplays,
            UnsafeReplay = inForce.UnsafeReplay,
        });

        EndedExchange ended = Guard.OnEnded(exchange, decision, attempts.Replays);

        if (decision.IsReplay())
        {
            attempts.Count(decision, refused);

            // A refusal says nothing about the other connections; a stale hit does.
            attempt = attempt.Next(freshOnly: exchange.FreshOnly || !refused, mayRefuseWrite: attempts.Refusals < maxRefusals);
            return true;
        }

        return decision is ReplayDecision.SurfaceCancelled or ReplayDecision.SurfaceNewConnection || !exchange.IsReused
            ? false
            : throw new StaleConnectionException(ended, failure);
    }
}
