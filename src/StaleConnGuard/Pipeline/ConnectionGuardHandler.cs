using System.Runtime.ExceptionServices;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// The innermost handler: opens an exchange for each send, and decides after a stale hit whether to replay the request on a fresh
/// connection or to surface what happened. Thread-safe; state lives in the exchange.
/// </summary>
internal sealed class ConnectionGuardHandler(ConnectionGuard guard, GuardSettingsHolder settings, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private ExchangeScope? _scope;

    public ConnectionGuard Guard { get; } = guard;

    /// <summary>What the <see cref="RequestIdentityHandler"/> at the upper end of the same chain knows the chain by; null when there is none.</summary>
    public object? Chain { get; init; }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!settings.Current.IsEnabled || Guard.Contract.IsBroken)
        {
            return SendUnguardedAsync(request, cancellationToken);
        }

        ExchangeScope scope = Scope();
        return RepeatGate.For(scope.Settings, request, Chain) is UnansweredSend gate
            ? SendIfAllowedAsync(gate, scope, request, cancellationToken)
            : SendFirstAsync(scope, request, cancellationToken);
    }

    /// <summary>A request of which a layer above may send several copies: one at a time, and none after one that may have arrived.</summary>
    private async Task<HttpResponseMessage> SendIfAllowedAsync(UnansweredSend gate, ExchangeScope scope, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (await RepeatGate.EnterAsync(gate, scope.Guard.Time, cancellationToken).ConfigureAwait(false) is not int ticket)
        {
            throw Refuse(gate, scope, request);
        }

        bool answered = false;
        try
        {
            HttpResponseMessage response = await SendFirstAsync(scope, request, cancellationToken).ConfigureAwait(false);
            answered = true;
            return response;
        }
        finally
        {
            gate.End(ticket, answered);
        }
    }

    private static StaleConnectionException Refuse(UnansweredSend gate, ExchangeScope scope, HttpRequestMessage request)
    {
        if (gate.ShouldTell())
        {
            scope.Guard.Events.RepeatRefused(request);
        }

        return new StaleConnectionException(OriginOf(request), gate.Failure);
    }

    private static string OriginOf(HttpRequestMessage request) =>
        request.RequestUri is { IsAbsoluteUri: true } address ? OriginKey.TextOf(address) : "an unknown origin";

    private Task<HttpResponseMessage> SendFirstAsync(ExchangeScope scope, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            scope.Guard.OnSending();

            // (1)
            var attempt = Attempt.First(scope, request);
            return ExecutionContext.IsFlowSuppressed() ? SendFlowing(attempt, cancellationToken) : SendGuarded(attempt, cancellationToken);
        }
        catch (Exception e)
        {
            // The content was asked for its length, and is the application's.
            return Task.FromException<HttpResponseMessage>(e);
        }
    }

    /// <summary>The connection finds its exchange through the execution context, so it must flow below here whatever the caller has done.</summary>
    private Task<HttpResponseMessage> SendFlowing(Attempt attempt, CancellationToken cancellationToken)
    {
        ExecutionContext.RestoreFlow();
        try
        {
            return SendGuarded(attempt, cancellationToken);
        }
        finally
        {
            ExecutionContext.SuppressFlow();
        }
    }

    /// <summary>
    /// Sends the first exchange, which is in the execution context below here and nowhere else: neither the caller nor whoever waits for the answer
    /// carries it on.
    /// </summary>
    private Task<HttpResponseMessage> SendGuarded(Attempt attempt, CancellationToken cancellationToken)
    {
        ExecutionContext outer = ExecutionContext.Capture()!;
        Exchange.Current = attempt.Exchange;
        Task<HttpResponseMessage> sending;
        try
        {
            sending = base.SendAsync(attempt.Request, cancellationToken);
        }
        catch (Exception e)
        {
            sending = Task.FromException<HttpResponseMessage>(e);
        }

        ExecutionContext.Restore(outer);
        if (!sending.IsCompletedSuccessfully)
        {
            return FinishAsync(sending, attempt, cancellationToken);
        }

        attempt.Complete(sending.Result);
        return sending;
    }

    /// <summary>
    /// Waits for the first exchange. Whatever else a failure needs is in methods of its own, so that the state that lives while an ordinary request is on its
    /// way stays small.
    /// </summary>
    private async Task<HttpResponseMessage> FinishAsync(Task<HttpResponseMessage> sending, Attempt attempt, CancellationToken cancellationToken)
    {
        // Assigned in the handler and not here: what has a value while it waits is part of the state.
        Exception failure;
        try
        {
            HttpResponseMessage response = await sending.ConfigureAwait(false);
            attempt.Complete(response);
            return response;
        }
        catch (Exception e)
        {
            failure = e;
        }

        return await RecoverAsync(attempt, failure, cancellationToken).ConfigureAwait(false);
    }

    private ExchangeScope Scope()
    {
        GuardSettings inForce = settings.Current;
        ExchangeScope? scope = Volatile.Read(ref _scope);
        if (ReferenceEquals(scope?.Settings, inForce))
        {
            return scope!;
        }

        scope = new ExchangeScope(Guard, inForce);
        Volatile.Write(ref _scope, scope);
        return scope;
    }

    /// <summary>Switched off while the handler lives, or stepped aside: as if nobody were here.</summary>
    private async Task<HttpResponseMessage> SendUnguardedAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Guard.OnSending();
        UnansweredSend.Find(request)?.Unwatch();
        Exchange.Current = null;
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private HttpResponseMessage SendUnguarded(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        UnansweredSend.Find(request)?.Unwatch();
        Exchange? outer = Exchange.Current;
        Exchange.Current = null;
        try
        {
            return base.Send(request, cancellationToken);
        }
        finally
        {
            Exchange.Current = outer;
        }
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Guard.OnSending();
        if (!settings.Current.IsEnabled || Guard.Contract.IsBroken)
        {
            return SendUnguarded(request, cancellationToken);
        }

        ExchangeScope scope = Scope();
        UnansweredSend? gate = RepeatGate.For(scope.Settings, request, Chain);
        if (gate is null)
        {
            return SendFirst(scope, request, cancellationToken);
        }

        // A thread does not wait for another copy of its request: that one may be this very thread's.
        if (!gate.TryBegin(out int ticket))
        {
            throw Refuse(gate, scope, request);
        }

        bool answered = false;
        try
        {
            HttpResponseMessage response = SendFirst(scope, request, cancellationToken);
            answered = true;
            return response;
        }
        finally
        {
            gate.End(ticket, answered);
        }
    }

    private HttpResponseMessage SendFirst(ExchangeScope scope, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Exchange? outer = Exchange.Current;
        Attempt attempt = Attempt.First(scope, request);
        RequestAttempts? attempts = null;
        try
        {
            while (true)
            {
                Exchange.Current = attempt.Exchange;
                try
                {
                    HttpResponseMessage response = base.Send(request, cancellationToken);
                    attempt.Complete(response);
                    attempts?.Settle(response);
                    return response;
                }
                catch (Exception e)
                {
                    attempts ??= RequestAttempts.OfFailed(request);
                    Exception failure = e;
                    if (attempt.Fail(e) is ExchangeEnd evidence && TryNext(ref attempt, evidence, attempts, ref failure, cancellationToken))
                    {
                        continue;
                    }

                    failure = ConnectTimeoutFailure.Of(failure, attempt.Exchange, cancellationToken);
                    attempts.Settle(failure);
                    RepeatGate.Note(attempt, failure);
                    if (ReferenceEquals(failure, e))
                    {
                        throw;
                    }

                    throw failure;
                }
            }
        }
        finally
        {
            Exchange.Current = outer;
        }
    }

    /// <summary>Decides after a failure; replays as long as the decision is to replay, and lets the failure pass otherwise.</summary>
    private async Task<HttpResponseMessage> RecoverAsync(Attempt attempt, Exception failure, CancellationToken cancellationToken)
    {
        RequestAttempts attempts = RequestAttempts.OfFailed(attempt.Request);
        while (attempt.Fail(failure) is ExchangeEnd evidence && TryNext(ref attempt, evidence, attempts, ref failure, cancellationToken))
        {
            Exchange.Current = attempt.Exchange;
            try
            {
                HttpResponseMessage response = await base.SendAsync(attempt.Request, cancellationToken).ConfigureAwait(false);
                attempt.Complete(response);
                attempts.Settle(response);
                return response;
            }
            catch (Exception e)
            {
                failure = e;
            }
        }

        attempt.Settle();
        failure = Explained(attempt.Exchange, ConnectTimeoutFailure.Of(failure, attempt.Exchange, cancellationToken), cancellationToken);
        attempts.Settle(failure);
        RepeatGate.Note(attempt, failure);
        ExceptionDispatchInfo.Throw(failure);
        return null!;
    }

    /// <summary>
    /// When an HTTP/2 connection ends under a body that is being written, the runtime may cancel the writing and tell nothing but that. To who did not cancel that is a
    /// connection that was lost.
    /// </summary>
    private static Exception Explained(Exchange exchange, Exception failure, CancellationToken cancellationToken) =>
        failure is OperationCanceledException { InnerException: not TimeoutException } && !cancellationToken.IsCancellationRequested
        && exchange is { Shared: SharedSend send, IsBound: false } && exchange.Guard.Shared.HasAnyEndedSince(send.Since)
            ? new HttpRequestException(HttpRequestError.ResponseEnded, "The HTTP/2 connection ended while the request was being written.", failure)
            : failure;

    /// <summary>
    /// The decision after a failed attempt: the next attempt, or false to let the failure pass, which is our own exception for a stale hit
    /// that surfaces.
    /// </summary>
    private bool TryNext(ref Attempt attempt, ExchangeEnd evidence, RequestAttempts attempts, ref Exception failure, CancellationToken cancellationToken)
    {
        Exchange exchange = attempt.Exchange;

        // (5)
        ReplayDecision decision = ReplayRule.Decide(ReplayFactsGatherer.AfterEnd(attempt, evidence, attempts, cancellationToken.IsCancellationRequested));

        var ended = EndedExchange.Of(exchange, evidence, decision, attempts.Replays, failure);
        Guard.Events.ReplayDecided(ended);

        if (decision.IsReplay())
        {
            attempts.Count(decision, evidence.WasRefused, Guard.Time.GetTimestamp());
            MetricsEnrichment.PutBack(attempt.Request);

            // A refusal says nothing about the other connections; a stale hit does.
            attempt = attempt.Next(freshOnly: exchange.FreshOnly || !evidence.WasRefused, mayRefuseWrite: attempts.MayBeRefusedAgain(exchange.FreshOnly));
            return true;
        }

        if (exchange.IsReused && decision is not (ReplayDecision.SurfaceCancelled or ReplayDecision.SurfaceNewConnection))
        {
            failure = new StaleConnectionException(ended, failure);
        }

        return false;
    }
}
