namespace StaleConnGuard.Exchanges;

/// <summary>Tells several listeners, in their order. Thread-safe.</summary>
internal sealed class GuardEvents(params IGuardEvents[] listeners) : IGuardEvents
{
    /// <summary>Nobody listens.</summary>
    public static GuardEvents None { get; } = new();

    public void ConnectionReused(IGuardedConnection connection, long idleAgeTicks)
    {
        foreach (IGuardEvents listener in listeners)
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
        foreach (IGuardEvents listener in listeners)
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

    public void ExchangeBegan(Exchange exchange)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.ExchangeBegan(exchange);
        }
    }

    public void ResponseBegan(Exchange exchange)
    {
        foreach (IGuardEvents listener in listeners)
        {
            listener.ResponseBegan(exchange);
        }
    }

    public void SharedExchangeDone(Exchange exchange)
    {
        foreach (IGuardEvents listener in listeners)
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
}
