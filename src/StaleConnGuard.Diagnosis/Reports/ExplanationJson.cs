using System.Text.Json;
using System.Text.Json.Serialization;

namespace StaleConnGuard.Diagnosis;

/// <summary>What a capture says, for a machine. Times are milliseconds or UTC; places in streams are relative sequence numbers, the first byte being 1; what is not known is null.</summary>
internal sealed record ExplanationJson(
    VantagePoint CapturedAt,
    long Frames,
    long Bytes,
    long Copies,
    long TranslatedTwins,
    long TruncatedPackets,
    long Connections,
    double DurationMs,
    IReadOnlyDictionary<string, long> Verdicts,
    IReadOnlyDictionary<string, long> UnknownBecause,
    IReadOnlyList<ExplanationJson.ServerLine> Servers,
    IReadOnlyList<ExplanationJson.Line> Findings,
    long FindingsInAll,
    IReadOnlyList<string> Warnings)
{
    /// <param name="explanation">The explanation.</param>
    /// <param name="redactPaths">Whether to leave paths out.</param>
    /// <param name="onOneLine">Without the findings, which have been written line by line.</param>
    public static string Write(Explanation explanation, bool redactPaths, bool onOneLine = false)
    {
        var json = new ExplanationJson(
            explanation.VantagePoint,
            explanation.Frames,
            explanation.Bytes,
            explanation.Copies,
            explanation.Twins,
            explanation.Truncated,
            explanation.Connections,
            explanation.Duration.TotalMilliseconds,
            explanation.Verdicts.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value, StringComparer.Ordinal),
            explanation.UnknownBecause.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value, StringComparer.Ordinal),
            [.. explanation.Servers.Select(server => ToLine(server, explanation.Causes.FirstOrDefault(cause => cause.Server == server.Server)))],
            onOneLine ? [] : [.. explanation.Findings.Select(finding => ToLine(finding, redactPaths))],
            explanation.FindingsInAll,
            explanation.Warnings);
        return onOneLine
            ? JsonSerializer.Serialize(json, LineJsonContext.Default.ExplanationJson)
            : JsonSerializer.Serialize(json, ExplanationJsonContext.Default.ExplanationJson);
    }

    /// <summary>One finding, on one line: for a live capture.</summary>
    public static string WriteLine(Finding finding, bool redactPaths) => JsonSerializer.Serialize(ToLine(finding, redactPaths), LineJsonContext.Default.Line);

    private static ServerLine ToLine(ServerSummary server, Cause? cause) => new(
        server.Server.ToString(),
        server.Verdicts.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value, StringComparer.Ordinal),
        server.VantagePoint.Find(),
        [.. cause?.Ages?.Groups.Select(group => new CloseLine(group.From.TotalMilliseconds, group.To.TotalMilliseconds, group.Count)) ?? []],
        server.LongestKept?.TotalMilliseconds,
        cause?.Timeout?.TotalMilliseconds,
        [.. cause?.Presets.Select(preset => preset.Name) ?? []],
        cause?.Nearest?.Name,
        cause?.Sentence,
        [.. cause?.Settings ?? []],
        [.. cause?.ServerSettings ?? []]);

    private static Line ToLine(Finding finding, bool redactPaths) => new(
        finding.Judgement.Verdict,
        finding.Judgement.Reason,
        finding.Judgement.Delivery,
        finding.GuardDecision,
        Nanoseconds.ToTime(finding.Time),
        finding.Client.ToString(),
        finding.Server.ToString(),
        finding.Protocol,
        finding.Request is { } request ? Wording.Label(request, redactPaths) : null,
        finding.Requests,
        finding.FromTheBeginning,
        finding.IdleAtRequest?.TotalMilliseconds,
        finding.IdleAtEnd?.TotalMilliseconds,
        finding.Request?.Ordinal,
        finding.Request?.Frame,
        finding.Request is null ? null : Nanoseconds.ToTime(finding.Request.Time),
        finding.Request is null ? null : Wording.Relative(finding.Request.Start),
        finding.Request is null ? null : Wording.Relative(finding.Request.End),
        finding.Request?.Transmissions,
        finding.Request?.AcknowledgedIn,
        finding.End?.Frame,
        finding.End is null ? null : Nanoseconds.ToTime(finding.End.Time),
        finding.End is null ? null : finding.IsReset,
        finding.End?.Acknowledged is { } acknowledged ? Wording.Relative(acknowledged) : null);

    internal sealed record ServerLine(
        string Server,
        IReadOnlyDictionary<string, long> Verdicts,
        VantagePoint CapturedAt,
        IReadOnlyList<CloseLine> Closes,
        double? LongestKeptMs,
        double? TimeoutMs,
        IReadOnlyList<string> Presets,
        string? NearestPreset,
        string? Cause,
        IReadOnlyList<Setting> Settings,
        IReadOnlyList<Setting> ServerSettings);

    /// <summary>Closes at about one idle age.</summary>
    internal sealed record CloseLine(double FromMs, double ToMs, int Count);

    internal sealed record Line(
        Verdict Verdict,
        Reason Reason,
        Delivery? Delivery,
        ReplayDecision? GuardDecision,
        DateTimeOffset Time,
        string Client,
        string Server,
        string Protocol,
        string? Request,
        int RequestsOnConnection,
        bool FromTheBeginning,
        double? IdleAtRequestMs,
        double? IdleAtEndMs,
        int? RequestOrdinal,
        long? RequestFrame,
        DateTimeOffset? RequestTime,
        long? RequestStart,
        long? RequestEnd,
        int? Transmissions,
        long? AcknowledgedInFrame,
        long? EndFrame,
        DateTimeOffset? EndTime,
        bool? IsReset,
        long? EndAcknowledges);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ExplanationJson))]
internal sealed partial class ExplanationJsonContext : JsonSerializerContext;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ExplanationJson))]
[JsonSerializable(typeof(ExplanationJson.Line))]
internal sealed partial class LineJsonContext : JsonSerializerContext;
