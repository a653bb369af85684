using Microsoft.Extensions.Logging;

namespace StaleConnGuard;

/// <summary>The guard's log messages. Ids and names are stable. Never a path, query, header or body.</summary>
internal static partial class GuardLog
{
    public const string Category = "StaleConnGuard";

    [LoggerMessage(101, LogLevel.Warning, "A stale hit on {Origin} surfaced: the connection, idle for {IdleAge}, was {End}; delivery {Delivery}, decision {Decision}, {Replays} replays made.", EventName = "StaleHitSurfaced")]
    public static partial void StaleHitSurfaced(ILogger logger, string origin, TimeSpan idleAge, ConnectionEnd end, Delivery delivery, ReplayDecision decision, int replays);

    [LoggerMessage(102, LogLevel.Debug, "A stale hit on {Origin} is healed by a replay: the connection, idle for {IdleAge}, was {End}; delivery {Delivery}, decision {Decision}.", EventName = "StaleHitHealed")]
    public static partial void StaleHitHealed(ILogger logger, string origin, TimeSpan idleAge, ConnectionEnd end, Delivery delivery, ReplayDecision decision);

    [LoggerMessage(103, LogLevel.Warning, "The primary handler of client '{Client}' is {Handler}, no SocketsHttpHandler: its connections are not guarded. Retries work.", EventName = "ForeignPrimaryHandler")]
    public static partial void ForeignPrimaryHandler(ILogger logger, string client, string handler);

    [LoggerMessage(104, LogLevel.Warning, "The SocketsHttpHandler of client '{Client}' had sent requests before the guard was put around it: its connections are not guarded. Retries work.", EventName = "HandlerInUse")]
    public static partial void HandlerInUse(ILogger logger, string client);

    [LoggerMessage(106, LogLevel.Warning, "Settings of client '{Client}' race: {Finding}", EventName = "SettingsRace")]
    public static partial void SettingsRace(ILogger logger, string client, string finding);

    [LoggerMessage(105, LogLevel.Error, "Reloaded options of client '{Client}' are not valid and were not taken: {Reason}", EventName = "ReloadRejected")]
    public static partial void ReloadRejected(ILogger logger, string client, string reason);
}
