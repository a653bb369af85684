using System.Net;

namespace StaleConnGuard.Decisions;

internal static class RetryDefaults
{
    public const int MaxRetries = 3;
    public const int MaxMaxRetries = 10;
    public const double BudgetRatio = 0.2;
    public const double MaxBudgetRatio = 10;
    public const double MinRetriesPerSecond = 10;
    public const double MaxMinRetriesPerSecond = 1_000_000;
    public const int LowestStatusCode = 400;
    public const int HighestStatusCode = 599;

    public static readonly TimeSpan BaseDelay = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan MaxBaseDelay = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan MaxMaxDelay = TimeSpan.FromHours(1);
    public static readonly TimeSpan MaxRetryAfter = TimeSpan.FromSeconds(30);

    // A timer of the runtime takes at most about 49 days; a day keeps every sum of waits far away from that.
    public static readonly TimeSpan MaxMaxRetryAfter = TimeSpan.FromDays(1);
    public static readonly TimeSpan MaxCallerTimeout = TimeSpan.FromDays(1);

    public static readonly TimeSpan MinCallerTimeout = TimeSpan.FromTicks(1);

    public static readonly HttpStatusCode[] StatusCodes = [HttpStatusCode.BadGateway, HttpStatusCode.ServiceUnavailable, HttpStatusCode.GatewayTimeout];
}
