using System.Net;

namespace StaleConnGuard.Hosting;

/// <summary>Reads <see cref="RetryOptions"/>.</summary>
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

        if (reader.TryEnum(nameof(options.Jitter), out RetryJitter jitter))
        {
            options.Jitter = jitter;
        }

        if (reader.TryInts(nameof(options.StatusCodes), RetryDefaults.LowestStatusCode, RetryDefaults.HighestStatusCode, out IReadOnlyList<int> statusCodes))
        {
            options.StatusCodes = [.. statusCodes.Select(static code => (HttpStatusCode)code)];
        }

        if (reader.TryBool(nameof(options.HonorRetryAfter), out bool honorRetryAfter))
        {
            options.HonorRetryAfter = honorRetryAfter;
        }

        ReadTimes(reader, options);
        if (reader.TryBelow(nameof(options.Budget)) is { } budget)
        {
            ReadBudget(budget, options.Budget);
        }

        reader.RefuseOthers();
    }

    private static void ReadTimes(SectionReader reader, RetryOptions options)
    {
        if (reader.TryTime(nameof(options.BaseDelay), RetryOptionsRules.BaseDelay, out TimeSpan baseDelay))
        {
            options.BaseDelay = baseDelay;
            options.ReadBaseDelay = new(reader.Failures.Path(nameof(options.BaseDelay)), baseDelay);
        }

        if (reader.TryTime(nameof(options.MaxDelay), RetryOptionsRules.MaxDelay, out TimeSpan maxDelay))
        {
            options.MaxDelay = maxDelay;
            options.ReadMaxDelay = new(reader.Failures.Path(nameof(options.MaxDelay)), maxDelay);
        }

        if (reader.TryTime(nameof(options.MaxRetryAfter), RetryOptionsRules.MaxRetryAfter, out TimeSpan maxRetryAfter))
        {
            options.MaxRetryAfter = maxRetryAfter;
        }

        if (reader.TryOptionalTime(nameof(options.CallerTimeout), RetryOptionsRules.CallerTimeout, out TimeSpan? callerTimeout))
        {
            options.CallerTimeout = callerTimeout;
        }
    }

    private static void ReadBudget(SectionReader reader, RetryBudgetOptions budget)
    {
        if (reader.TryDouble(nameof(budget.Ratio), 0, RetryDefaults.MaxBudgetRatio, out double ratio))
        {
            budget.Ratio = ratio;
        }

        if (reader.TryDouble(nameof(budget.MinRetriesPerSecond), 0, RetryDefaults.MaxMinRetriesPerSecond, out double minRetriesPerSecond))
        {
            budget.MinRetriesPerSecond = minRetriesPerSecond;
        }

        reader.RefuseOthers();
    }
}
