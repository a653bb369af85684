using System.Text.Json;
using System.Text.Json.Serialization;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>The result of a race for a machine. Times are milliseconds; what is not known is null.</summary>
internal sealed record RaceJson(
    string? Server,
    LinkKind Link,
    string? WhyRelay,
    bool CanProveDelivery,
    double RoundTripMs,
    double IdleTimeoutMs,
    string IdleTimeoutSource,
    int DyingPercent,
    double AimFromMs,
    double AimToMs,
    int Workers,
    int Requests,
    int Seed,
    double TookMs,
    bool PlainClientFailed,
    IReadOnlyList<RaceJson.Line> Results)
{
    public static string Write(RaceReport report)
    {
        RaceGround ground = report.Ground;
        var json = new RaceJson(
            ground.Server?.ToString(),
            ground.Link,
            ground.Link == LinkKind.Relay ? ground.WhyRelay : null,
            OperatingSystem.IsLinux() && ground.Link != LinkKind.Relay,
            ground.RoundTrip.TotalMilliseconds,
            ground.IdleTimeout.TotalMilliseconds,
            ground.IdleTimeoutSource,
            ground.DyingPercent,
            ground.Aim.From.TotalMilliseconds,
            ground.Aim.To.TotalMilliseconds,
            report.Settings.Workers,
            report.Settings.Requests,
            report.Settings.Seed,
            report.Took.TotalMilliseconds,
            report.PlainClientFailed,
            [.. report.Lines.Select(ToLine)]);
        return JsonSerializer.Serialize(json, RaceJsonContext.Default.RaceJson);
    }

    private static Line ToLine(RaceReportLine line) => new(
        line.Contender,
        line.Request,
        line.Tally.Requests,
        line.Tally.Raced,
        line.Tally.Failed,
        line.ExecutedTwice,
        line.Tally.ConnectionsOpened,
        line.Tally.Median?.TotalMilliseconds,
        line.Tally.Percentile99?.TotalMilliseconds,
        line.Tally.Failures);

    internal sealed record Line(
        string Contender,
        string Request,
        int Requests,
        int Raced,
        int Failed,
        int? ExecutedTwice,
        int ConnectionsOpened,
        double? P50Ms,
        double? P99Ms,
        IReadOnlyDictionary<string, int> Failures);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RaceJson))]
internal sealed partial class RaceJsonContext : JsonSerializerContext;
