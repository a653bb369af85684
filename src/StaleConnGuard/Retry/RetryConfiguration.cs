using System.Net;

namespace StaleConnGuard;

/// <summary>Reads <see cref="RetryOptions"/>, all but what is code.</summary>
internal static class RetryConfiguration
{
    public static void Read(SectionReader reader, RetryOptions options)
    {
        if (reader.TryBool(nameof(options.Enabled), out bool enabled))
        {
            options.Enabled = enabled;
        }

        if (reader.TryInt(nameof(options.MaxRetries), 0, RetryDefaults.MaxMaxRetries, out int maxRetries))
        {
            options.MaxRetries = maxRetries;
        }

        ReadBackoff(reader, options);
        if (reader.TryInts(nameof(options.StatusCodes), RetryDefaults.LowestStatusCode, RetryDefaults.HighestStatusCode, out IReadOnlyList<int> codes))
        {
            options.StatusCodes = [.. codes.Select(static code => (HttpStatusCode)code)];
        }

        ReadLimits(reader, options);
        if (reader.TryBelow(nameof(options.Budget)) is { } budget)
        {
            ReadBudget(budget, options.Budget);
        }

        reader.RefuseOthers();
    }

    private static void ReadBackoff(SectionReader reader, RetryOptions options)
    {
        if (reader.TryTime(nameof(options.BaseDelay), new TimeRange(TimeSpan.Zero, RetryDefaults.MaxBaseDelay), out TimeSpan baseDelay))
        {
            options.BaseDelay = baseDelay;
        }

        // That it is not below BaseDelay is for the rules to say: either may come from elsewhere.
        if (reader.TryTime(nameof(options.MaxDelay), new TimeRange(TimeSpan.Zero, RetryDefaults.MaxMaxDelay), out TimeSpan maxDelay))
        {
            options.MaxDelay = maxDelay;
        }

        if (reader.TryEnum(nameof(options.Jitter), out RetryJitter jitter))
        {
            options.Jitter = jitter;
        }
    }

    private static void ReadLimits(SectionReader reader, RetryOptions options)
    {
        if (reader.TryBool(nameof(options.HonorRetryAfter), out bool honor))
        {
            options.HonorRetryAfter = honor;
        }

        if (reader.TryTime(nameof(options.MaxRetryAfter), new TimeRange(TimeSpan.Zero, RetryDefaults.MaxMaxRetryAfter), out TimeSpan maxRetryAfter))
        {
            options.MaxRetryAfter = maxRetryAfter;
        }

        var callerTimeouts = new TimeRange(RetryDefaults.MinCallerTimeout, RetryDefaults.MaxCallerTimeout, InfiniteToo: true);
        if (reader.TryOptionalTime(nameof(options.CallerTimeout), callerTimeouts, out TimeSpan? callerTimeout))
        {
            options.CallerTimeout = callerTimeout;
        }
    }

    private static void ReadBudget(SectionReader reader, RetryBudgetOptions options)
    {
        if (reader.TryDouble(nameof(options.Ratio), 0, RetryDefaults.MaxBudgetRatio, out double ratio))
        {
            options.Ratio = ratio;
        }

        if (reader.TryDouble(nameof(options.MinRetriesPerSecond), 0, RetryDefaults.MaxMinRetriesPerSecond, out double minimum))
        {
            options.MinRetriesPerSecond = minimum;
        }

        reader.RefuseOthers();
    }
}
