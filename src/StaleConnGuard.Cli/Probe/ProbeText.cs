using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace StaleConnGuard.Cli;

/// <summary>The result of a probe for people.</summary>
internal static class ProbeText
{
    private static readonly JsonSerializerOptions s_readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(ProbeReport report, TextWriter output)
    {
        output.WriteLine($"Answer      {Answer(report)}");
        output.WriteLine($"Idle        {Idle(report)}");
        output.WriteLine($"Keep-Alive  {Advertised(report, asked: false)} unasked, {Advertised(report, asked: true)} to Connection: keep-alive");
        foreach (string note in Notes(report))
        {
            output.WriteLine($"            {note}");
        }

        output.WriteLine();
        if (report.ServerTimeout is not { } timeout)
        {
            output.WriteLine("Nothing to set: no server timeout was measured.");
            return;
        }

        var options = new OptionsToSet(report.Arguments.Address, timeout);
        output.WriteLine($"To set, in C#: the smallest idle age, rounded down; the margin (1 s, half of it at most) is kept below it");
        output.WriteLine();
        output.WriteLine(options.CSharp);
        output.WriteLine();
        output.WriteLine("or in appsettings.json:");
        output.WriteLine();
        output.WriteLine(options.Json.ToJsonString(s_readable));
    }

    private static string Answer(ProbeReport report)
    {
        ProbeResponse response = report.Connections[0].Response;
        string body = response.Framing switch
        {
            BodyFraming.ContentLength => "body by Content-Length",
            BodyFraming.Chunked => "body in chunks",
            BodyFraming.UntilClose => "body ends with the connection",
            _ => "no body",
        };
        string secure = report.PrefersHttp2 switch
        {
            true => "; takes HTTP/2 when it is offered",
            false => "; does not take HTTP/2",
            null => string.Empty,
        };
        return $"{response.Version} {response.Status}, {body}{secure}";
    }

    private static string Idle(ProbeReport report)
    {
        var parts = new List<string>();
        int closed = report.Count(IdleEnding.Fin) + report.Count(IdleEnding.Reset);
        if (closed > 0)
        {
            parts.Add($"{closed} of {report.Connections.Count} closed {How(report)} at an idle age of {Range(report)}");
        }

        if (report.Count(IdleEnding.StillOpen) is > 0 and var open)
        {
            parts.Add($"{open} of {report.Connections.Count} still open at {Duration.Format(report.Arguments.MaxIdle)}");
        }

        if (report.Count(IdleEnding.NotKept) is > 0 and var notKept)
        {
            parts.Add($"{notKept} of {report.Connections.Count} not kept, {WhyNotKept(report)}");
        }

        return string.Join("; ", parts);
    }

    private static string How(ProbeReport report) => (report.Count(IdleEnding.Fin), report.Count(IdleEnding.Reset)) switch
    {
        (_, 0) => "with a FIN",
        (0, _) => "with a reset",
        var (fin, reset) => $"({fin} with a FIN, {reset} with a reset)",
    };

    private static string Range(ProbeReport report)
    {
        string smallest = Seconds(report.Smallest!.Value);
        string largest = Seconds(report.Largest!.Value);
        return smallest == largest ? smallest : $"{smallest} to {largest}";
    }

    private static string WhyNotKept(ProbeReport report)
    {
        ProbeResponse response = report.Connections.First(one => one.Idle.Ending == IdleEnding.NotKept).Response;
        return response switch
        {
            { Framing: BodyFraming.UntilClose } => "the body ends with the connection",
            { SaysClose: true, Version: "HTTP/1.0" } => "HTTP/1.0 that does not say keep-alive",
            { SaysClose: true } => "the answer says Connection: close",
            _ => "closed at once, without saying so",
        };
    }

    private static string Advertised(ProbeReport report, bool asked) =>
        report.Advertised(asked) is { } timeout ? $"timeout={timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)}" : "nothing";

    private static IEnumerable<string> Notes(ProbeReport report)
    {
        if (report.Presets() is { Count: > 0 } presets)
        {
            yield return $"fits the default of KnownServerTimeouts.{string.Join(", ", presets.Select(preset => preset.Name))}";
        }

        if (report.Advertised(asked: true) < report.Smallest)
        {
            yield return "it closes later than it advertises; what is advertised counts in any case";
        }

        if (report.Count(IdleEnding.StillOpen) > 0)
        {
            yield return "still open means that no FIN and no reset came; a balancer that drops connections without a word looks the same";
        }

        if (report.CountKept(asked: false) == 0 && report.CountKept(asked: true) > 0)
        {
            yield return "connections are kept only for requests that carry Connection: keep-alive";
        }

        if (report.Connections.FirstOrDefault(one => one.Idle.Unasked is not null) is { } spoken)
        {
            yield return $"before it closed it said, unasked: {spoken.Idle.Unasked}";
        }

        foreach (IGrouping<string, string> failures in report.Failures.GroupBy(failure => failure, StringComparer.Ordinal))
        {
            yield return $"{failures.Count()} more could not be measured: {failures.Key}";
        }
    }

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.000} s");
}
