using System.Text.Json;
using System.Text.Json.Serialization;

namespace StaleConnGuard.Diagnosis;

/// <summary>What a capture says, for a machine. Times are milliseconds or UTC; what is not known is null.</summary>
internal sealed record ExplanationJson(
    VantagePoint CapturedAt,
    long Frames,
    long Bytes,
    long Copies,
    long TruncatedPackets,
    long Connections,
    double DurationMs,
    IReadOnlyDictionary<string, long> Verdicts,
    IReadOnlyList<ExplanationJson.ServerLine> Servers,
    IReadOnlyList<ExplanationJson.Line> Findings,
    long FindingsInAll,
    IReadOnlyList<string> Warnings)
{
    public static string Write(Explanation explanation, bool redactPaths)
    {
        var json = new ExplanationJson(
            explanation.VantagePoint,
            explanation.Frames,
            explanation.Bytes,
            explanation.Copies,
            explanation.Truncated,
            explanation.Connections,
            explanation.Duration.TotalMilliseconds,
            explanation.Verdicts.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value, StringComparer.Ordinal),
            [.. explanation.Servers.Select(server => ToLine(server, explanation.Causes.FirstOrDefault(cause => cause.Server == server.Server)))],
            [.. explanation.Findings.Select(finding => ToLine(finding, redactPaths))],
            explanation.FindingsInAll,
            explanation.Warnings);
        return JsonSerializer.Serialize(json, ExplanationJsonContext.Default.ExplanationJson);
    }

    /// <summary>One finding, on one line: for a live capture.</summary>
    public static string WriteLine(Finding finding, bool redactPaths) => JsonSerializer.Serialize(ToLine(finding, redactPaths), LineJsonContext.Default.Line);

    private static ServerLine ToLine(ServerSummary server, Cause? cause) => new(
        server.Server.ToString(),
        server.Verdicts.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value, StringComparer.Ordinal),
        server.Closes.Count == 0 ? null : server.Closes[0].TotalMilliseconds,
        server.Closes.Count == 0 ? null : server.Closes[^1].TotalMilliseconds,
        server.LongestKept?.TotalMilliseconds,
        cause?.Timeout?.TotalMilliseconds,
        [.. cause?.Presets.Select(preset => preset.Name) ?? []],
        cause?.Sentence,
        [.. cause?.Settings ?? []]);

    private static Line ToLine(Finding finding, bool redactPaths) => new(
        finding.Judgement.Verdict,
        finding.Judgement.Reason,
        finding.Judgement.Delivery,
        Nanoseconds.ToTime(finding.Time),
        finding.Client.ToString(),
        finding.Server.ToString(),
        finding.Protocol,
        finding.Request is { } request ? Wording.Label(request, redactPaths) : null,
        finding.Requests,
        finding.FromTheBeginning,
        finding.IdleAtRequest?.TotalMilliseconds,
        finding.IdleAtEnd?.TotalMilliseconds,
        finding.Request?.Frame,
        finding.Request?.Start,
        finding.Request?.End,
        finding.Request?.AcknowledgedIn,
        finding.End?.Frame,
        finding.End is null ? null : finding.IsReset,
        finding.End?.Acknowledged);

    internal sealed record ServerLine(
        string Server,
        IReadOnlyDictionary<string, long> Verdicts,
        double? EarliestCloseMs,
        double? LatestCloseMs,
        double? LongestKeptMs,
        double? TimeoutMs,
        IReadOnlyList<string> Presets,
        string? Cause,
        IReadOnlyList<Setting> Settings);

    internal sealed record Line(
        Verdict Verdict,
        Reason Reason,
        Delivery? Delivery,
        DateTimeOffset Time,
        string Client,
        string Server,
        string Protocol,
        string? Request,
        int RequestsOnConnection,
        bool FromTheBeginning,
        double? IdleAtRequestMs,
        double? IdleAtEndMs,
        long? RequestFrame,
        long? RequestStart,
        long? RequestEnd,
        long? AcknowledgedInFrame,
        long? EndFrame,
        bool? IsReset,
        long? EndAcknowledges);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ExplanationJson))]
internal sealed partial class ExplanationJsonContext : JsonSerializerContext;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ExplanationJson.Line))]
internal sealed partial class LineJsonContext : JsonSerializerContext;
