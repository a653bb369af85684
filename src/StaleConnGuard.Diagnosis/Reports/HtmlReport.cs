using System.Globalization;
using System.Net;
using System.Text;

namespace StaleConnGuard.Diagnosis;

/// <summary>What a capture says as one page that needs nothing else: to attach to a ticket. Light and dark, no script.</summary>
internal static class HtmlReport
{
    private const int MostTimeLines = 50;
    private const int MostCauses = 20;
    private const int MostAges = 8;

    private const string HowToRead =
        "An arrow leaves one side, and comes to the other half of the handshake's round trip later; a ring marks where the request and the end of the connection crossed. Long pauses are cut short.";

    private const string Style = """
        :root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --line: #d1d9e0; --page: #ffffff; --box: #f6f8fa; --client: #0969da; --server: #8250df; --bad: #cf222e; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --line: #3d444d; --page: #0d1117; --box: #151b23; --client: #58a6ff; --server: #bc8cff; --bad: #ff7b72; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; } h3 { font-size: 1rem; margin: 0 0 .3rem; }
        .dim { color: var(--dim); } .bad { color: var(--bad); } .lead { font-size: 1.1rem; font-weight: 600; }
        table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        th { color: var(--dim); font-weight: 500; } th.n { text-align: right; } td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; } details { margin: .6rem 0; } summary { cursor: pointer; }
        section.lost { background: var(--box); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.2rem; margin: 1rem 0; }
        .wide { overflow-x: auto; } table.verdicts { width: auto; } table.verdicts td:first-child { padding-left: 0; min-width: 4rem; }
        svg { display: block; width: 100%; min-width: 46rem; height: auto; margin-top: .6rem; } svg text { font: 12px ui-monospace, monospace; fill: var(--ink); } svg text.dim { fill: var(--dim); } svg text.bad { fill: var(--bad); }
        svg text.side { font-weight: 600; } .break { stroke: var(--dim); stroke-width: 1.5; fill: var(--box); } .cross { stroke: var(--bad); stroke-width: 2; fill: none; } .packet.request { stroke: var(--bad); }
        .rail { stroke: var(--line); stroke-width: 2; } .fromclient { stroke: var(--client); } .fromserver { stroke: var(--server); } .end { stroke: var(--bad); } .packet { stroke-width: 2; fill: none; }
        .tip.fromclient { fill: var(--client); stroke: none; } .tip.fromserver { fill: var(--server); stroke: none; } .tip.end { fill: var(--bad); stroke: none; }
        """;

    public static string Write(Explanation explanation, string name, bool redactPaths)
    {
        var page = new StringBuilder();
        _ = page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(name)}: stale connections explained</title><style>
            {Style}
            </style></head><body>
            <h1>{Text(name)}</h1>
            <p class="dim">{explanation.Frames} frames, {explanation.Connections} connections over {explanation.Duration.TotalSeconds:0.0} s.
            Captured {Text(Wording.Of(explanation.VantagePoint))}. Sequence numbers are relative: the first byte of a stream is 1. Times are UTC.</p>

            """);
        WriteCauses(page, explanation);
        WriteVerdicts(page, explanation);
        WriteServers(page, explanation);
        WriteFindings(page, explanation, redactPaths);
        WriteWarnings(page, explanation);
        return page.Append("</body></html>\n").ToString();
    }

    private static void WriteCauses(StringBuilder page, Explanation explanation)
    {
        _ = page.AppendLine("<h2>What happened, and what to set</h2>");
        if (explanation.Causes.Count == 0)
        {
            _ = page.AppendLine("<p>Neither side closed an idle connection here, and no connection was found forgotten: no timeout is seen.</p>");
        }

        foreach (Cause cause in explanation.Causes.Take(MostCauses))
        {
            _ = page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"lead\">{Text(cause.Sentence)}</p>");
            if (cause.Presets.Count > 0)
            {
                _ = page.AppendLine(CultureInfo.InvariantCulture, $"<p>Fits the default of {Text(string.Join(", ", cause.Presets.Select(preset => preset.Name)))}.</p>");
            }

            if (cause.Nearest is { } nearest)
            {
                _ = page.AppendLine(CultureInfo.InvariantCulture, $"<p>Fits no known default; the nearest is {Text(nearest.Name)} with {nearest.Timeout.TotalSeconds:0.###} s.</p>");
            }

            if (explanation.VantagePoint is VantagePoint.Several)
            {
                _ = page.AppendLine(CultureInfo.InvariantCulture, $"<p>Captured {Text(Wording.Of(explanation.Servers.First(server => server.Server == cause.Server).VantagePoint.Find()))}.</p>");
            }

            if (cause.Settings.Count == 0)
            {
                continue;
            }

            WriteSettings(page, "Where the client is: let go first", cause.Settings, isOpen: ReferenceEquals(cause, explanation.Causes[0]));
            if (cause.ServerSettings.Count > 0)
            {
                WriteSettings(page, $"Or where the server is: above the longest idle age seen here, {Wording.Age(cause.LongestKept)}", cause.ServerSettings, isOpen: false);
            }
        }

        if (explanation.Causes.Count > MostCauses)
        {
            _ = page.AppendLine(CultureInfo.InvariantCulture, $"<p class=\"dim\">And {explanation.Causes.Count - MostCauses} servers more.</p>");
        }
    }

    private static void WriteSettings(StringBuilder page, string title, IEnumerable<Setting> settings, bool isOpen)
    {
        _ = page.AppendLine(CultureInfo.InvariantCulture, $"<details{(isOpen ? " open" : string.Empty)}><summary>{Text(title)}</summary><table>");
        foreach (Setting setting in settings)
        {
            _ = page.AppendLine(CultureInfo.InvariantCulture, $"<tr><td>{Text(setting.Where)}</td><td><code>{Text(setting.Text)}</code></td></tr>");
        }

        _ = page.AppendLine("</table></details>");
    }

    private static void WriteVerdicts(StringBuilder page, Explanation explanation)
    {
        _ = page.AppendLine("<h2>Verdicts</h2><table class=\"verdicts\">");
        foreach ((Verdict verdict, long count) in explanation.Verdicts.OrderByDescending(pair => pair.Value))
        {
            string why = verdict is Verdict.Unknown ? $": {string.Join(", ", explanation.UnknownBecause.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Value} {Wording.Of(pair.Key)}"))}" : string.Empty;
            _ = page.AppendLine(CultureInfo.InvariantCulture, $"<tr><td class=\"n\">{count}</td><td>{Text(Wording.Of(verdict) + why)}</td></tr>");
        }

        _ = page.AppendLine("</table>");
    }

    private static void WriteServers(StringBuilder page, Explanation explanation)
    {
        _ = page.AppendLine("<h2>Servers</h2><div class=\"wide\"><table><tr><th>server</th><th>closes idle connections at</th><th>clients keep them up to</th><th class=\"n\">lost</th><th class=\"n\">taken, no answer</th><th class=\"n\">forgotten, silent</th></tr>");
        foreach (ServerSummary server in explanation.Servers.Take(100))
        {
            string closes = explanation.Causes.FirstOrDefault(cause => cause.Server == server.Server)?.Ages is { } ages ? string.Join("<br>", ages.Groups.Take(MostAges).Select(Wording.Of)) : "-";
            long taken = server.Of(Verdict.TakenThenClosed) + server.Of(Verdict.ResetAfterTaken) + server.Of(Verdict.CutResponse);
            long gone = server.Of(Verdict.ResetForgotten) + server.Of(Verdict.SilentDrop);
            _ = page.AppendLine(CultureInfo.InvariantCulture, $"<tr><td><code>{server.Server}</code></td><td>{closes}</td><td>{(server.LongestKept is { } kept ? Wording.Age(kept) : "-")}</td><td class=\"n\">{server.Lost}</td><td class=\"n\">{taken}</td><td class=\"n\">{gone}</td></tr>");
        }

        _ = page.AppendLine("</table>");
    }

    private static void WriteFindings(StringBuilder page, Explanation explanation, bool redactPaths)
    {
        Finding[] shown = [.. explanation.Findings.Where(finding => finding.IsTrouble).Take(MostTimeLines)];
        if (shown.Length == 0)
        {
            _ = page.AppendLine("<h2>Requests that went wrong</h2><p>None was seen.</p>");
            return;
        }

        string count = shown.Length < explanation.TroubleInAll ? $"The first {shown.Length} of {explanation.TroubleInAll}." : $"{shown.Length}, in order.";
        _ = page.AppendLine(CultureInfo.InvariantCulture, $"<h2>Requests that went wrong</h2><p class=\"dim\">{count} {HowToRead}</p>");
        foreach (Finding finding in shown)
        {
            string title = finding.Request is { } request ? Wording.Label(request, redactPaths) : "connection";
            _ = page.AppendLine(CultureInfo.InvariantCulture, $"""
                <section class="lost"><h3>{Text(title)} <span class="dim">{finding.Client} → {finding.Server}, {Text(finding.Protocol)}, {Text(Wording.Time(finding.Time))}</span></h3>
                <div class="bad">{Text(Wording.Of(finding.Judgement.Verdict))}</div>
                <div>{Text(Wording.Sentence(finding))}</div>
                <div class="dim">idle {Wording.Age(finding.IdleAtRequest)} when the request left, {Wording.Age(finding.IdleAtEnd)} at the end; {Text(Wording.Evidence(finding))}</div>
                """);
            _ = page.Append("<div class=\"wide\">").Append(TimeLine.Draw(finding)).AppendLine("</div>");
            _ = page.AppendLine("</section>");
        }
    }

    private static void WriteWarnings(StringBuilder page, Explanation explanation)
    {
        if (explanation.Warnings.Count == 0)
        {
            return;
        }

        _ = page.AppendLine("<h2>What this capture does not show</h2><ul>");
        foreach (string warning in explanation.Warnings)
        {
            _ = page.AppendLine(CultureInfo.InvariantCulture, $"<li>{Text(warning)}</li>");
        }

        _ = page.AppendLine("</ul>");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
