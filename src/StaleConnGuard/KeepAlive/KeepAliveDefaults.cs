namespace StaleConnGuard;

internal static class KeepAliveDefaults
{
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan MinServerTimeout = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan MaxServerTimeout = TimeSpan.FromDays(1);
    public static readonly TimeSpan MaxMargin = TimeSpan.FromHours(1);
}
