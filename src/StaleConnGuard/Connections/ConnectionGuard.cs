using System.Net.Http.Headers;

namespace StaleConnGuard;

/// <summary>
/// What the connections of one handler share, whichever clients use it: clock, ledger, observer. Made with the handler, outlives no connection of it.
/// </summary>
internal sealed class ConnectionGuard(KeepAliveLedger ledger, TimeProvider time)
{
    public KeepAliveLedger Ledger { get; } = ledger;

    public TimeProvider Time { get; } = time;

    /// <summary>Called when a connection was not given to an exchange.</summary>
    public void OnRefused(OriginKnowledge origin, RefusalReason reason) => Observer?.ConnectionRefused(origin, reason);

    /// <summary>Called when an exchange ended before any response byte, with what was decided about its request.</summary>
    public void OnEnded(Exchange exchange, ReplayDecision decision, int replays)
    {
        if (exchange.IsReused && exchange.End is ConnectionEnd.EndOfStream or ConnectionEnd.Reset && exchange.Stream is GuardedStream stream)
        {
            stream.Origin.StaleHit(TimeSpan.FromTicks(exchange.IdleAgeTicks), reset: exchange.End is ConnectionEnd.Reset);
        }

        Observer?.StaleHit(exchange, decision, replays);
    }

    /// <summary>Called when a response has come. What is looked at here is looked at for every request.</summary>
    public static void OnAnswered(Exchange exchange, GuardedStream stream, HttpResponseMessage response)
    {
        if (response.Headers.NonValidated.TryGetValues("Keep-Alive", out HeaderStringValues values))
        {
            stream.Origin.Advertised(values);
        }

        if (exchange.IsReused)
        {
            stream.Origin.SeenOpen(TimeSpan.FromTicks(exchange.IdleAgeTicks), answered: true);
        }
    }

    /// <summary>Who listens, if anybody.</summary>
    public IGuardObserver? Observer { get; init; }
}
