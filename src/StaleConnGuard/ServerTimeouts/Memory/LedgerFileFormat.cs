using System.Text.Json;
using System.Text.Json.Serialization;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>The text of a ledger's file: JSON with a version, one entry for each origin. Entries that make no sense are left out.</summary>
internal static class LedgerFileFormat
{
    /// <summary>Of what is written here. A file with a higher one is somebody else's to change.</summary>
    public const int Version = 1;

    /// <summary>A file is not larger than this; one that is was not written here.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Reads a file's content.</summary>
    /// <exception cref="JsonException">It is not what is written here.</exception>
    public static (int Version, IReadOnlyList<RememberedTimeout> Entries) Read(ReadOnlySpan<byte> content)
    {
        LedgerFileContent file = JsonSerializer.Deserialize(content, LedgerFileJson.Default.LedgerFileContent) ?? throw new JsonException("it holds null");
        if (file.Version is < 1)
        {
            throw new JsonException("it has no version");
        }

        var entries = new List<RememberedTimeout>();
        foreach (LedgerFileEntry? entry in file.Origins ?? [])
        {
            if (entries.Count < KeepAliveDefaults.MaxOrigins && entry is not null && TryRead(entry, out RememberedTimeout remembered))
            {
                entries.Add(remembered);
            }
        }

        return (file.Version, entries);
    }

    public static byte[] Write(IEnumerable<RememberedTimeout> entries) => JsonSerializer.SerializeToUtf8Bytes(
        new LedgerFileContent(
            Version,
            [.. entries.Select(static entry => new LedgerFileEntry(entry.Key.Origin, entry.Key.Proxy, TimeSpan.FromTicks(entry.TimeoutTicks).TotalSeconds, entry.Confirmed))]),
        LedgerFileJson.Default.LedgerFileContent);

    private static bool TryRead(LedgerFileEntry entry, out RememberedTimeout remembered)
    {
        remembered = default;
        if (!OriginKey.TryParse(entry.Origin, out OriginKey key))
        {
            return false;
        }

        // Also what nobody could have learned. Written so that NaN is refused.
        double lowest = TimeSpan.FromTicks(LearningRules.Floor).TotalSeconds;
        if (!(entry.ServerTimeout >= lowest && entry.ServerTimeout <= KeepAliveDefaults.MaxServerTimeout.TotalSeconds))
        {
            return false;
        }

        if (entry.Proxy is not null && (!Uri.TryCreate(entry.Proxy, UriKind.Absolute, out Uri? proxy) || OriginKey.TextOf(proxy) != entry.Proxy))
        {
            return false;
        }

        remembered = new RememberedTimeout(key with { Proxy = entry.Proxy }, TimeSpan.FromSeconds(entry.ServerTimeout).Ticks, entry.Confirmed);
        return true;
    }
}

/// <summary>The file.</summary>
internal sealed record LedgerFileContent(int Version, LedgerFileEntry?[]? Origins);

/// <summary>One origin of it; the timeout in seconds.</summary>
internal sealed record LedgerFileEntry(string? Origin, string? Proxy, double ServerTimeout, DateTimeOffset Confirmed);

[JsonSerializable(typeof(LedgerFileContent))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
internal sealed partial class LedgerFileJson : JsonSerializerContext;
