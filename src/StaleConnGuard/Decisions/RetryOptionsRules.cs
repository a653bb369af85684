using System.Globalization;
using System.Net;

namespace StaleConnGuard.Decisions;

/// <summary>The accepted range of every retry option. Each error names the key, the value and the range.</summary>
internal static class RetryOptionsRules
{
    public static readonly TimeRange BaseDelay = new(TimeSpan.Zero, RetryDefaults.MaxBaseDelay);

    // Not below the base delay either, which is another option.
    public static readonly TimeRange MaxDelay = new(TimeSpan.Zero, RetryDefaults.MaxMaxDelay);
    public static readonly TimeRange MaxRetryAfter = new(TimeSpan.Zero, RetryDefaults.MaxMaxRetryAfter);
    public static readonly TimeRange CallerTimeout = new(TimeSpan.FromTicks(1), RetryDefaults.MaxCallerTimeout, InfiniteToo: true);

    public static IEnumerable<string> Check(RetryOptions options)
    {
        if (options.MaxRetries is < 0 or > RetryDefaults.MaxMaxRetries)
        {
            yield return Error("MaxRetries", options.MaxRetries, $"between 0 and {RetryDefaults.MaxMaxRetries}");
        }

        if (!BaseDelay.Contains(options.BaseDelay))
        {
            yield return Error("BaseDelay", options.BaseDelay, BaseDelay.ToString());
        }

        if (options.MaxDelay < options.BaseDelay || !MaxDelay.Contains(options.MaxDelay))
        {
            yield return MaxDelayError(options);
        }

        if (!Enum.IsDefined(options.Jitter))
        {
            yield return Error("Jitter", options.Jitter, string.Join(" or ", Enum.GetNames<RetryJitter>()));
        }

        foreach (string error in CheckStatusCodes(options.StatusCodes))
        {
            yield return error;
        }

        if (!MaxRetryAfter.Contains(options.MaxRetryAfter))
        {
            yield return Error("MaxRetryAfter", options.MaxRetryAfter, MaxRetryAfter.ToString());
        }

        if (options.CallerTimeout is TimeSpan timeout && !IsCallerTimeout(timeout))
        {
            yield return Error("CallerTimeout", timeout, $"above 00:00:00 and at most {CallerTimeout.Max:c}, or -00:00:00.0010000 for none");
        }

        foreach (string error in CheckBudget(options.Budget))
        {
            yield return error;
        }
    }

    public static bool IsCallerTimeout(TimeSpan timeout) => CallerTimeout.Contains(timeout);

    private static IEnumerable<string> CheckStatusCodes(IReadOnlyList<HttpStatusCode>? codes)
    {
        for (int i = 0; codes is not null && i < codes.Count; i++)
        {
            if ((int)codes[i] is < RetryDefaults.LowestStatusCode or > RetryDefaults.HighestStatusCode)
            {
                yield return Error($"StatusCodes:{i}", (int)codes[i], $"between {RetryDefaults.LowestStatusCode} and {RetryDefaults.HighestStatusCode}");
            }
        }
    }

    private static IEnumerable<string> CheckBudget(RetryBudgetOptions? budget)
    {
        if (budget is null)
        {
            yield return Error("Budget", "null", "present");
            yield break;
        }

        // Written so that NaN is refused.
        if (!(budget.Ratio >= 0 && budget.Ratio <= RetryDefaults.MaxBudgetRatio))
        {
            yield return Error("Budget:Ratio", budget.Ratio, $"between 0 and {RetryDefaults.MaxBudgetRatio}");
        }

        if (!(budget.MinRetriesPerSecond >= 0 && budget.MinRetriesPerSecond <= RetryDefaults.MaxMinRetriesPerSecond))
        {
            yield return Error("Budget:MinRetriesPerSecond", budget.MinRetriesPerSecond, $"between 0 and {RetryDefaults.MaxMinRetriesPerSecond}");
        }
    }

    // Two keys that do not fit together, perhaps from two sections: each by its full path.
    private static string MaxDelayError(RetryOptions options)
    {
        string maxDelay = ReadTime.NameOf(options.ReadMaxDelay, options.MaxDelay, "Retry:MaxDelay");
        string baseDelay = ReadTime.NameOf(options.ReadBaseDelay, options.BaseDelay, "Retry:BaseDelay");
        return string.Create(CultureInfo.InvariantCulture, $"{maxDelay} is {options.MaxDelay}; accepted is: between {baseDelay} ({options.BaseDelay:c}) and {MaxDelay.Max:c}");
    }

    private static string Error(string key, object value, string accepted) =>
        string.Create(CultureInfo.InvariantCulture, $"Retry:{key} is {value}; accepted is: {accepted}");
}
