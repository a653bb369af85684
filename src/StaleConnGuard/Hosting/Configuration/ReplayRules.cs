namespace StaleConnGuard.Hosting;

/// <summary>What <see cref="ReplayOptions"/> accept.</summary>
internal static class ReplayRules
{
    public const int MinReplays = 0;
    public const int MaxReplays = 10;
    public const int MinBufferOneShot = 1;
    public const int MaxBufferOneShot = 100 * 1024 * 1024;

    public static void Check(ReplayOptions options, OptionFailures failures)
    {
        failures.Check(nameof(options.MaxReplays), options.MaxReplays, MinReplays, MaxReplays);
        if (options.BufferOneShotUpTo is { } bytes)
        {
            failures.Check(nameof(options.BufferOneShotUpTo), bytes, MinBufferOneShot, MaxBufferOneShot);
        }

        failures.CheckDefined(nameof(options.NonIdempotentReplay), options.NonIdempotentReplay);
        failures.CheckDefined(nameof(options.RepeatsFromAbove), options.RepeatsFromAbove);
    }
}
