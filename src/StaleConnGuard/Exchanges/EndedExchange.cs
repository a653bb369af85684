using System.Runtime.InteropServices;

namespace StaleConnGuard.Exchanges;

/// <summary>An exchange that ended before any response byte, and what was decided about its request. Valid during the call only.</summary>
/// <param name="Exchange">On which connection, and since when.</param>
/// <param name="Evidence">How it ended.</param>
/// <param name="Decision">What was decided.</param>
/// <param name="Replays">Replays of the request before this decision.</param>
/// <param name="Limit">The keep-alive limit that was in force, before anything was learned from this end.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct EndedExchange(Exchange Exchange, ExchangeEnd Evidence, ReplayDecision Decision, int Replays, KeepAliveLimit Limit)
{
    /// <summary>What the runtime threw for it.</summary>
    public Exception? Failure { get; init; }

    /// <summary>On a reused connection that the server ended, or that died without a word; not one that the guard refused.</summary>
    public bool IsStaleHit => Exchange.IsReused && Evidence is { End: ConnectionEnd.EndOfStream or ConnectionEnd.Reset or ConnectionEnd.Silence };

    public string Origin => Exchange.Connection?.Origin.Key.ToString() ?? "an unknown origin";

    public TimeSpan IdleAge => TimeSpan.FromTicks(Exchange.IdleAgeTicks);

    public TimeSpan ConnectionAge => TimeSpan.FromTicks(Exchange.ConnectionAgeTicks);

    /// <summary>With the limit that is in force now, before anything is learned from this end.</summary>
    public static EndedExchange Of(Exchange exchange, ExchangeEnd evidence, ReplayDecision decision, int replays, Exception failure) =>
        new(exchange, evidence, decision, replays, LimitInForce(exchange)) { Failure = failure };

    /// <summary>The limit that holds for this exchange's request on its connection.</summary>
    public static KeepAliveLimit LimitInForce(Exchange exchange)
    {
        if (exchange.Connection is not IGuardedConnection connection)
        {
            return new KeepAliveLimit(KeepAliveSettings.None, KeepAliveLimitSource.NothingKnown);
        }

        OriginKnowledge origin = connection.Origin;
        return KeepAliveLimit.WithMeasuredMargin(origin, exchange.Settings.KeepAlive.For(origin.Key), RepeatSafety.IsSafeToRepeat(exchange.Request));
    }
}
