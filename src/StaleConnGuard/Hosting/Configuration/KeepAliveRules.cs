namespace StaleConnGuard.Hosting;

/// <summary>What <see cref="KeepAliveOptions"/> accept.</summary>
internal static class KeepAliveRules
{
    public static readonly TimeRange ServerTimeout = new(KeepAliveDefaults.MinServerTimeout, KeepAliveDefaults.MaxServerTimeout);
    public static readonly TimeRange Margin = new(TimeSpan.Zero, KeepAliveDefaults.MaxMargin);
    public static readonly TimeRange NonIdempotentMaxIdle = new(TimeSpan.Zero, KeepAliveDefaults.MaxNonIdempotentMaxIdle, InfiniteToo: true);

    public const string FileForm = "an absolute path of a file";

    public const string OriginForm = "an origin such as https://api.example.com or http://10.0.0.7:8080, without user, path or query";

    public static void Check(KeepAliveOptions options, OptionFailures failures)
    {
        failures.Check(nameof(options.ServerTimeout), options.ServerTimeout, ServerTimeout);
        failures.Check(nameof(options.Margin), options.Margin, Margin);
        failures.Check(nameof(options.NonIdempotentMaxIdle), options.NonIdempotentMaxIdle, NonIdempotentMaxIdle);

        if (options.LedgerFile is { } file && !IsFile(file))
        {
            failures.AddValue(nameof(options.LedgerFile), file, FileForm);
        }

        OptionFailures origins = failures.Below(nameof(options.Origins));
        var seen = new Dictionary<OriginKey, string>();
        foreach ((string text, KeepAliveOriginOptions origin) in options.Origins)
        {
            if (origin is null)
            {
                origins.Add(text, "is null; leave the entry out instead.");
                continue;
            }

            CheckOrigin(text, origin, origins, seen);
        }
    }

    /// <summary>An absolute path to something that is no folder. Whether it can be written is known when it is.</summary>
    public static bool IsFile(string path) =>
        Path.IsPathFullyQualified(path) && !path.Contains('\0', StringComparison.Ordinal) && Path.GetFileName(path).Length > 0 && !Directory.Exists(path);

    private static void CheckOrigin(string text, KeepAliveOriginOptions origin, OptionFailures origins, Dictionary<OriginKey, string> seen)
    {
        if (!OriginKey.TryParse(text, out OriginKey key))
        {
            origins.Add(text, $"is not {OriginForm}.");
        }
        else if (!seen.TryAdd(key, text))
        {
            // https://a and https://a:443 are one origin; which of the two would win is nobody's guess.
            origins.Add(text, $"is the same origin as {seen[key]}.");
        }

        OptionFailures one = origins.Below(text);
        one.Check(nameof(origin.ServerTimeout), origin.ServerTimeout, ServerTimeout);
        one.Check(nameof(origin.Margin), origin.Margin, Margin);
        one.Check(nameof(origin.NonIdempotentMaxIdle), origin.NonIdempotentMaxIdle, NonIdempotentMaxIdle);
    }
}
