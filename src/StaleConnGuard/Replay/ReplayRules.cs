namespace StaleConnGuard;

/// <summary>What <see cref="ReplayOptions"/> accept.</summary>
internal static class ReplayRules
{
    public const int MinReplays = 0;
    public const int MaxReplays = 10;
    public const int MinBuffer = 1;
    public const int MaxBuffer = 100 * 1024 * 1024;

    public static void Check(ReplayOptions options, OptionFailures failures)
    {
        failures.Check(nameof(options.MaxReplays), options.MaxReplays, MinReplays, MaxReplays);
        failures.Check(nameof(options.BufferOneShotUpTo), options.BufferOneShotUpTo ?? MinBuffer, MinBuffer, MaxBuffer);
        failures.CheckDefined(nameof(options.UnsafeReplay), options.UnsafeReplay);
    }
}
