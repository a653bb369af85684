using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Telemetry;

/// <summary>Log messages of the retry layer. Never an address beyond the origin, a header or a body.</summary>
internal static partial class RetryLog
{
    [LoggerMessage(EventId = 201, EventName = "RetryBudgetEmpty", Level = LogLevel.Warning, Message = "The retry budget of '{Origin}' is empty: failed requests are not retried for now. Said at most once a minute.")]
    public static partial void BudgetEmpty(ILogger logger, OriginKey origin);

    [LoggerMessage(EventId = 202, EventName = "Retrying", Level = LogLevel.Debug, Message = "Retrying a request to '{Origin}' in {Delay}, {Retries} retries so far: {Reason}.")]
    public static partial void Retrying(ILogger logger, OriginKey? origin, TimeSpan delay, int retries, RetryReason reason);

    [LoggerMessage(EventId = 203, EventName = "NotRetrying", Level = LogLevel.Debug, Message = "Not retrying a request to '{Origin}' after {Retries} retries: {Reason}.")]
    public static partial void NotRetrying(ILogger logger, OriginKey? origin, int retries, RetryReason reason);
}
