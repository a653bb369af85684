using System.Text.Json;
using System.Text.Json.Serialization;

namespace StaleConnGuard.Cli;

/// <summary>What stands in a ledger's page or file, as far as it is of use here.</summary>
/// <param name="Known">The server timeouts that were learned, the smallest of each origin; in the order of the origins.</param>
/// <param name="Origins">How many origins there are.</param>
/// <param name="Advertised">Of how many of them nothing was learned because they say it themselves.</param>
/// <param name="Unusable">Of how many the timeout cannot be configured, being too short.</param>
internal sealed record LedgerReading(IReadOnlyList<KeyValuePair<string, TimeSpan>> Known, int Origins, int Advertised, int Unusable)
{
    /// <exception cref="JsonException">It is neither.</exception>
    public static LedgerReading Of(ReadOnlySpan<byte> json)
    {
        LedgerText text = JsonSerializer.Deserialize(json, LedgerTextJson.Default.LedgerText) ?? throw new JsonException("it holds null");
        if (text.Origins is null)
        {
            throw new JsonException("it has no origins");
        }

        var smallest = new SortedDictionary<string, TimeSpan>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int advertised = 0;
        int unusable = 0;
        foreach (LedgerTextOrigin origin in text.Origins.OfType<LedgerTextOrigin>())
        {
            if (!OriginKey.TryParse(origin.Origin, out OriginKey key))
            {
                throw new JsonException("it names something that is no origin");
            }

            string name = Shown(key);
            seen.Add(name);
            double? learned = origin.Learned ?? origin.Remembered ?? origin.ServerTimeout;
            if (learned is not { } seconds)
            {
                advertised += origin.Advertised is null ? 0 : 1;
            }
            else if (!(seconds > 0 && seconds <= KeepAliveDefaults.MaxServerTimeout.TotalSeconds) || ServerTimeoutAdvice.RoundDown(TimeSpan.FromSeconds(seconds)) is not { } timeout)
            {
                unusable++;
            }
            else if (!smallest.TryGetValue(name, out TimeSpan other) || timeout < other)
            {
                smallest[name] = timeout;
            }
        }

        return new LedgerReading([.. smallest], seen.Count, advertised, unusable);
    }

    // As people write it: without the port that the scheme has anyhow.
    private static string Shown(in OriginKey key) => new Uri(key.Origin).GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
}

/// <summary>A page or a file: they differ in what an origin's timeout is called.</summary>
internal sealed record LedgerText(LedgerTextOrigin?[]? Origins);

/// <summary>Times in seconds.</summary>
internal sealed record LedgerTextOrigin(string? Origin, double? Learned, double? Remembered, double? ServerTimeout, double? Advertised);

[JsonSerializable(typeof(LedgerText))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class LedgerTextJson : JsonSerializerContext;
