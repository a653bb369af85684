namespace StaleConnGuard.ServerTimeouts;

internal static class KeepAliveDefaults
{
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan NonIdempotentMaxIdle = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan MinServerTimeout = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan MaxServerTimeout = TimeSpan.FromDays(1);
    public static readonly TimeSpan MaxMargin = TimeSpan.FromHours(1);
    public static readonly TimeSpan MaxNonIdempotentMaxIdle = TimeSpan.FromDays(1);
    public const bool SolicitHint = true;
    public const bool Learn = true;
    public const bool MeasureMargin = true;

    /// <summary>Enough for every service one process talks to; bounds the memory of one that talks to everybody (a crawler).</summary>
    public const int MaxOrigins = 1024;
}
