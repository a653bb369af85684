using Microsoft.Extensions.Configuration;

namespace StaleConnGuard.Hosting;

/// <summary>Reads <see cref="KeepAliveOptions"/>.</summary>
internal static class KeepAliveConfiguration
{
    public static void Read(SectionReader reader, KeepAliveOptions options)
    {
        if (TryServerTimeout(reader, out TimeSpan? serverTimeout))
        {
            options.ServerTimeout = serverTimeout;
        }

        if (reader.TryTime(nameof(options.Margin), KeepAliveRules.Margin, out TimeSpan margin))
        {
            options.Margin = margin;
        }

        if (reader.TryTime(nameof(options.NonIdempotentMaxIdle), KeepAliveRules.NonIdempotentMaxIdle, out TimeSpan nonIdempotentMaxIdle))
        {
            options.NonIdempotentMaxIdle = nonIdempotentMaxIdle;
        }

        if (reader.TryBool(nameof(options.Learn), out bool learn))
        {
            options.Learn = learn;
        }

        if (reader.TryBool(nameof(options.MeasureMargin), out bool measureMargin))
        {
            options.MeasureMargin = measureMargin;
        }

        if (reader.TryBool(nameof(options.SolicitHint), out bool solicitHint))
        {
            options.SolicitHint = solicitHint;
        }

        if (reader.TryText(nameof(options.LedgerFile), KeepAliveRules.IsFile, KeepAliveRules.FileForm, out string? ledgerFile))
        {
            options.LedgerFile = ledgerFile;
        }

        if (reader.TrySection(nameof(options.Origins)) is { } origins)
        {
            OptionFailures failures = reader.Failures.Below(nameof(options.Origins));
            foreach (IConfigurationSection child in origins.GetChildren())
            {
                ReadOrigins(child, child.Key, failures, options.Origins);
            }
        }

        reader.RefuseOthers();
    }

    // ':' separates configuration keys, so "https://api.example.com:8443" arrives as the nested sections "https", "//api.example.com" and
    // "8443". The name of an origin is all of them, down to the section that holds a value.
    private static void ReadOrigins(IConfigurationSection section, string name, OptionFailures failures, IDictionary<string, KeepAliveOriginOptions> origins)
    {
        bool isOrigin = false;
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (child.GetChildren().Any())
            {
                ReadOrigins(child, $"{name}:{child.Key}", failures, origins);
            }
            else
            {
                isOrigin = true;
            }
        }

        if (!isOrigin)
        {
            return;
        }

        if (!OriginKey.TryParse(name, out _))
        {
            failures.Add(name, $"is not {KeepAliveRules.OriginForm}.");
            return;
        }

        if (!origins.TryGetValue(name, out KeepAliveOriginOptions? origin))
        {
            origins[name] = origin = new KeepAliveOriginOptions();
        }

        ReadOrigin(new SectionReader(section, failures.Below(name)), section, origin);
    }

    private static void ReadOrigin(SectionReader reader, IConfigurationSection section, KeepAliveOriginOptions origin)
    {
        if (TryServerTimeout(reader, out TimeSpan? serverTimeout))
        {
            origin.ServerTimeout = serverTimeout;
        }

        if (reader.TryOptionalTime(nameof(origin.Margin), KeepAliveRules.Margin, out TimeSpan? margin))
        {
            origin.Margin = margin;
        }

        if (reader.TryOptionalTime(nameof(origin.NonIdempotentMaxIdle), KeepAliveRules.NonIdempotentMaxIdle, out TimeSpan? nonIdempotentMaxIdle))
        {
            origin.NonIdempotentMaxIdle = nonIdempotentMaxIdle;
        }

        if (reader.TryBool(nameof(origin.Learn), out bool learn))
        {
            origin.Learn = learn;
        }

        if (reader.TryBool(nameof(origin.MeasureMargin), out bool measureMargin))
        {
            origin.MeasureMargin = measureMargin;
        }

        // Sections below are origins of their own: the same host with a port.
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (child.GetChildren().Any())
            {
                reader.Allow(child.Key);
            }
        }

        reader.RefuseOthers();
    }

    private static bool TryServerTimeout(SectionReader reader, out TimeSpan? serverTimeout) => reader.TryOptionalTime(
        nameof(KeepAliveOptions.ServerTimeout),
        KeepAliveRules.ServerTimeout,
        out serverTimeout,
        static name => KnownServerTimeouts.TryGet(name, out KnownServerTimeout? known) ? known.Timeout : null,
        static name => $"is '{UserInformation.Hide(name)}', which is no known server.{NearestName.Suggestion(name, Names())} Known are {string.Join(", ", Names())}; or a time {KeepAliveRules.ServerTimeout}.");

    private static IEnumerable<string> Names() => KnownServerTimeouts.All.Select(static known => known.Name);
}
