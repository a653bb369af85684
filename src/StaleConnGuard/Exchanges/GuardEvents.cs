namespace StaleConnGuard.Exchanges;

/// <summary>Tells several listeners, in their order. Thread-safe.</summary>
internal sealed class GuardEvents(params IGuardEvents[] listeners) : IGuardEvents
{
    // A call through an interface that several classes implement costs some nanoseconds, most listeners want none of these, and every request has several.
    private readonly IGuardEvents[] _reused = Of(listeners, RequestEvents.ConnectionReused);
    private readonly IGuardEvents[] _seenOpen = Of(listeners, RequestEvents.SeenOpen);
    private readonly IGuardEvents[] _began = Of(listeners, RequestEvents.ExchangeBegan);
    private readonly IGuardEvents[] _sharedDone = Of(listeners, RequestEvents.SharedExchangeDone);
    private readonly IGuardEvents[] _responded = Of(listeners, RequestEvents.ResponseBegan);

    /// <summary>Nobody listens.</summary>
    public static GuardEvents None { get; } = new();

    /// <inheritdoc/>
    public RequestEvents Hears { get; } = listeners.Aggregate(RequestEvents.None, static (all, listener) => all | listener.Hears);

    public void ConnectionReused(IGuardedConnection connection, long idleAgeTicks)
    {
        foreach (IGuardEvents listener in _reused)
        {
            listener.ConnectionReused(connection, idleAgeTicks);
        }
    }

    public void ConnectionRefused(IGuardedConnection connection, RefusalReason reason)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.ConnectionRefused(connection, reason);
        }
    }

    public void TimeoutAdvertised(OriginKnowledge origin, TimeSpan timeout)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.TimeoutAdvertised(origin, timeout);
        }
    }

    public void SeenOpen(OriginKnowledge origin, TimeSpan idleAge, bool answered)
    {
        foreach (IGuardEvents listener in _seenOpen)
        {
            listener.SeenOpen(origin, idleAge, answered);
        }
    }

    public void IdleConnectionClosed(OriginKnowledge origin, in IdleClose close)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.IdleConnectionClosed(origin, close);
        }
    }

    public void TimeoutLearned(OriginKnowledge origin, LearningOutcome outcome)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.TimeoutLearned(origin, outcome);
        }
    }

    public void LedgerFileProblem(string path, string problem)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.LedgerFileProblem(path, problem);
        }
    }

    public void RuntimeContractBroken(RuntimeContractBreach breach)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.RuntimeContractBroken(breach);
        }
    }

    public void ExchangeBegan(Exchange exchange)
    {
        foreach (IGuardEvents listener in _began)
        {
            listener.ExchangeBegan(exchange);
        }
    }

    public void ResponseBegan(Exchange exchange)
    {
        foreach (IGuardEvents listener in _responded)
        {
            listener.ResponseBegan(exchange);
        }
    }

    public void SharedExchangeDone(Exchange exchange)
    {
        foreach (IGuardEvents listener in _sharedDone)
        {
            listener.SharedExchangeDone(exchange);
        }
    }

    public void ExchangeEnded(Exchange exchange)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.ExchangeEnded(exchange);
        }
    }

    public void ReplayDecided(in EndedExchange ended)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.ReplayDecided(ended);
        }
    }

    public void RepeatRefused(HttpRequestMessage request)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.RepeatRefused(request);
        }
    }

    public void RuntimeRepeats(Exchange exchange)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.RuntimeRepeats(exchange);
        }
    }

    public void Retrying(in RetryAttempt attempt)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.Retrying(attempt);
        }
    }

    public void RetriesStopped(in RetryAttempt attempt)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.RetriesStopped(attempt);
        }
    }

    public void RetryBudgetEmpty(in OriginKey origin)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.RetryBudgetEmpty(origin);
        }
    }

    private static IGuardEvents[] Of(IGuardEvents[] listeners, RequestEvents wanted) => [.. listeners.Where(listener => listener.Hears.HasFlag(wanted))];
}
