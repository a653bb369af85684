using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace StaleConnGuard.Cli;

/// <summary>The result of a probe for a machine. Times are milliseconds; what is not known is null.</summary>
internal sealed record ProbeJson(
    string Url,
    string Method,
    string HttpVersion,
    int Status,
    BodyFraming Body,
    bool? PrefersHttp2,
    double MaxIdleMs,
    double? IdleAgeMinMs,
    double? IdleAgeMaxMs,
    int Fin,
    int Reset,
    int StillOpen,
    int NotKept,
    bool SaysClose,
    double? AdvertisedUnaskedMs,
    double? AdvertisedAskedMs,
    double? ServerTimeoutMs,
    IReadOnlyList<string> Presets,
    ProbeJson.ToSet? Options,
    IReadOnlyList<ProbeJson.Connection> Connections,
    IReadOnlyList<string> Failures)
{
    // Not for a browser: what people are to copy stays readable.
    private static readonly ProbeJsonContext s_context = new(new JsonSerializerOptions(ProbeJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static string Write(ProbeReport report)
    {
        ProbeArguments arguments = report.Arguments;
        ProbeResponse response = report.Connections[0].Response;
        OptionsToSet? options = report.ServerTimeout is { } timeout ? new OptionsToSet(arguments.Address, timeout) : null;
        var json = new ProbeJson(
            arguments.Address.ToString(),
            arguments.Method,
            response.Version,
            response.Status,
            response.Framing,
            report.PrefersHttp2,
            arguments.MaxIdle.TotalMilliseconds,
            report.Smallest?.TotalMilliseconds,
            report.Largest?.TotalMilliseconds,
            report.Count(IdleEnding.Fin),
            report.Count(IdleEnding.Reset),
            report.Count(IdleEnding.StillOpen),
            report.Count(IdleEnding.NotKept),
            report.Connections.Any(one => one.Response.SaysClose),
            report.Advertised(asked: false)?.TotalMilliseconds,
            report.Advertised(asked: true)?.TotalMilliseconds,
            report.ServerTimeout?.TotalMilliseconds,
            [.. report.Presets().Select(preset => preset.Name)],
            options is null ? null : new ToSet(options.CSharp, options.Json),
            [.. report.Connections.Select(ToConnection)],
            report.Failures);
        return JsonSerializer.Serialize(json, s_context.ProbeJson);
    }

    private static Connection ToConnection(ConnectionFinding one) => new(
        one.Asked,
        one.Response.Status,
        one.Response.SaysClose,
        one.Response.Advertised?.TotalMilliseconds,
        one.Idle.Ending,
        one.Idle.Ending == IdleEnding.NotKept ? null : one.Idle.Age.TotalMilliseconds,
        one.Idle.Unasked);

    internal sealed record ToSet([property: JsonPropertyName("csharp")] string CSharp, JsonObject Json);

    internal sealed record Connection(bool Asked, int Status, bool SaysClose, double? AdvertisedMs, IdleEnding Ending, double? IdleAgeMs, string? Unasked);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ProbeJson))]
internal sealed partial class ProbeJsonContext : JsonSerializerContext;
