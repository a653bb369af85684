using Microsoft.Extensions.Configuration;

namespace StaleConnGuard.Yarp;

/// <summary>
/// Options in a cluster's metadata: <c>StaleConnGuard.ServerTimeout</c>, or in full <c>StaleConnGuard.KeepAlive.ServerTimeout</c>. In code a colon will do as well; in a configuration file
/// a colon nests the key, and YARP then sees a key without a value.
/// </summary>
internal static class ClusterMetadata
{
    public const string Prefix = "StaleConnGuard";
    private const string KeepAlive = "KeepAlive:";

    /// <summary>The guard's part as a section; null when there is none.</summary>
    /// <exception cref="FormatException">A key is nested, so that its value is lost.</exception>
    public static IConfigurationSection? Read(IReadOnlyDictionary<string, string>? metadata)
    {
        Dictionary<string, string?>? values = null;
        foreach ((string key, string value) in metadata ?? new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase))
        {
            if (!IsOurs(key))
            {
                continue;
            }

            if (key.Length <= Prefix.Length + 1)
            {
                throw new FormatException($"Metadata '{key}': the guard's options have a dot in their names, such as '{Prefix}.ServerTimeout'; a colon nests the key in a configuration file.");
            }

            string path = key[(Prefix.Length + 1)..].Replace('.', ':');
            values ??= new(StringComparer.OrdinalIgnoreCase);
            values[$"{Prefix}:{(path.Contains(':', StringComparison.Ordinal) ? "" : KeepAlive)}{path}"] = value;
        }

        return values is null ? null : new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection(Prefix);
    }

    /// <summary>Whether both say the same to the guard.</summary>
    public static bool AreSame(IReadOnlyDictionary<string, string>? old, IReadOnlyDictionary<string, string>? current)
    {
        if (ReferenceEquals(old, current))
        {
            return true;
        }

        int count = 0;
        foreach ((string key, string value) in old ?? new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase))
        {
            if (IsOurs(key))
            {
                count++;
                if (current is null || !current.TryGetValue(key, out string? now) || !string.Equals(now, value, StringComparison.Ordinal))
                {
                    return false;
                }
            }
        }

        return count == (current?.Keys.Count(IsOurs) ?? 0);
    }

    private static bool IsOurs(string key) =>
        key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && (key.Length == Prefix.Length || key[Prefix.Length] is '.' or ':');
}
