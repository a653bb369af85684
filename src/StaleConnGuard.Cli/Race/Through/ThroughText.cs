using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace StaleConnGuard.Cli;

/// <summary>What is raced through a proxy, and what came of it, for people or for a machine.</summary>
internal static class ThroughText
{
    public static void WriteHeader(RaceGround ground, Uri upstream, RaceArguments race, TextWriter output)
    {
        output.WriteLine($"Proxy    {ground.Server}, which must forward to the upstream and leave X-Request-Id as it comes");
        output.WriteLine($"Upstream {upstream}, embedded; closes idle connections with a FIN at {Milliseconds(ground.IdleTimeout.TotalMilliseconds)}, exactly"
            + (ground.DyingPercent == 0 ? string.Empty : $"; executes {ground.DyingPercent} % of the requests and dies without an answer"));
        output.WriteLine(ground.Link == LinkKind.Packets
            ? $"Link     real packets between two network namespaces, round trip {Milliseconds(ground.RoundTrip.TotalMilliseconds)}, device {ground.Device}"
            : $"Link     loopback relay, round trip {Milliseconds(ground.RoundTrip.TotalMilliseconds)}; it acknowledges for the upstream, so nobody can prove anything");
        output.WriteLine($"Aim      requests leave {Milliseconds(ground.Aim.From.TotalMilliseconds)} to {Milliseconds(ground.Aim.To.TotalMilliseconds)} after the answer before, seed {race.Seed}");
        output.WriteLine();
        output.Flush();
    }

    public static void WriteResult(RaceGround ground, Uri upstream, RaceArguments race, IReadOnlyList<ThroughLine> lines, int connections, TextWriter output)
    {
        if (race.Json)
        {
            var json = new ThroughJson(
                ground.Server!.ToString(), upstream.ToString(), ground.Link, ground.RoundTrip.TotalMilliseconds, ground.IdleTimeout.TotalMilliseconds, ground.DyingPercent, race.Seed, connections, lines.Sum(line => line.Raced) > 0, lines);
            output.WriteLine(JsonSerializer.Serialize(json, ThroughJsonContext.Default.ThroughJson));
            return;
        }

        IAnsiConsole console = RaceTable.Console(output);
        console.Write(Table(lines));
        console.WriteLine();
        foreach (string note in Notes(race, lines, connections))
        {
            console.WriteLine(note);
        }
    }

    private static Table Table(IReadOnlyList<ThroughLine> lines)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn(string.Empty).NoWrap());
        foreach (string figure in (string[])["requests", "raced", "failed", "executed\ntwice", "p50", "p99"])
        {
            _ = table.AddColumn(new TableColumn(figure).RightAligned());
        }

        foreach (ThroughLine line in lines)
        {
            _ = table.AddRow(
                line.Request, Number(line.Requests), Number(line.Raced), RaceTable.GoodIfNone(line.Failed), RaceTable.GoodIfNone(line.ExecutedTwice), Milliseconds(line.P50Ms), Milliseconds(line.P99Ms));
        }

        return table;
    }

    private static IEnumerable<string> Notes(RaceArguments race, IReadOnlyList<ThroughLine> lines, int connections)
    {
        yield return "raced: upstream connections on which a request crossed with the upstream's closing. failed: no answer, or 502, 503, 504.";
        int sent = lines.Sum(line => line.Requests);
        if (lines.Sum(line => line.Raced) == 0 && race.Dying == 0)
        {
            yield return connections >= 2 * sent
                ? "THE RACE DID NOT HAPPEN: the proxy opens a connection for each request. It pays a round trip each time, and has no keep-alive to race with."
                : "THE RACE DID NOT HAPPEN: the proxy gives idle connections up before the upstream does, or opens new ones. Aim elsewhere (--idle), or send more (--requests).";
        }

        foreach (ThroughLine line in lines.Where(line => line.Failed > 0))
        {
            yield return $"failed, {line.Request}: {string.Join(", ", line.Failures.Select(failure => $"{failure.Key} {Number(failure.Value)} times"))}";
        }

        if (race.Dying > 0)
        {
            int twice = lines.Where(line => line.Request.StartsWith("POST", StringComparison.Ordinal)).Sum(line => line.ExecutedTwice);
            yield return twice > 0
                ? $"IT REPEATS BLINDLY: {Number(twice)} POSTs were executed twice."
                : "No POST was executed twice: what it repeats, it repeats with a reason.";
        }
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(double? value) => value is { } time ? string.Create(CultureInfo.InvariantCulture, $"{time:0.#} ms") : "-";
}

/// <summary>The result for a machine. Times are milliseconds.</summary>
internal sealed record ThroughJson(
    string Proxy, string Upstream, LinkKind Link, double RoundTripMs, double IdleTimeoutMs, int DyingPercent, int Seed, int UpstreamConnections, bool WasRaced, IReadOnlyList<ThroughLine> Results);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ThroughJson))]
internal sealed partial class ThroughJsonContext : JsonSerializerContext;
