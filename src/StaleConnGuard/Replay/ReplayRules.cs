namespace StaleConnGuard;

/// <summary>What <see cref="ReplayOptions"/> accept.</summary>
internal static class ReplayRules
{
    public const int MinReplays = 0;
    public const int MaxReplays = 10;

    public static void Check(ReplayOptions options, OptionFailures failures)
    {
        failures.Check(nameof(options.MaxReplays), options.MaxReplays, MinReplays, MaxReplays);
        failures.CheckDefined(nameof(options.UnsafeReplay), options.UnsafeReplay);
    }
}
