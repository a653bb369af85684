using System.Globalization;
using System.Net;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace StaleConnGuard.Cli;

/// <summary>What a console was told, as a picture: a terminal's window with the command line above, in light or dark as the reader's system is.</summary>
/// <param name="command">The command line.</param>
internal sealed class SvgEncoder(string command) : IAnsiConsoleEncoder
{
    private const double CellWidth = 8;
    private const double LineHeight = 19;
    private const double Padding = 16;

    // A baseline, below the top of its line.
    private const double Ascent = 14;

    public string Encode(IAnsiConsole console, IEnumerable<IRenderable> renderable)
    {
        RenderOptions options = RenderOptions.Create(console, console.Profile.Capabilities);
        IEnumerable<Segment> told = renderable.SelectMany(part => part.Render(options, console.Profile.Width)).Where(static segment => !segment.IsControlCode);
        List<SegmentLine> lines = Segment.SplitLines([new Segment($"$ {command}", new Style(decoration: Decoration.Bold)), Segment.LineBreak, Segment.LineBreak, .. told]);
        while (lines.Count > 0 && lines[^1].All(static segment => string.IsNullOrWhiteSpace(segment.Text)))
        {
            lines.RemoveAt(lines.Count - 1);
        }

        double width = (2 * Padding) + (lines.Max(static line => line.Sum(static segment => segment.Text.Length)) * CellWidth);
        double height = (2 * Padding) + (lines.Count * LineHeight);
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:0} {height:0}" width="{width:0}" height="{height:0}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" role="img" aria-labelledby="t">
              <title id="t">{Escape(command)}</title>
            """);
        svg.AppendLine("""
              <style>
                rect { fill: #ffffff; stroke: #d0d7de }
                text { fill: #1f2328; white-space: pre }
                .bold { font-weight: 700 } .green { fill: #1a7f37 } .red { fill: #cf222e; font-weight: 700 }
                @media (prefers-color-scheme: dark) {
                  rect { fill: #0d1117; stroke: #3d444d }
                  text { fill: #f0f6fc } .green { fill: #3fb950 } .red { fill: #f85149 }
                }
              </style>
            """);
        svg.AppendLine(CultureInfo.InvariantCulture, $"""  <rect x="0.5" y="0.5" width="{width - 1:0}" height="{height - 1:0}" rx="8"/>""");
        foreach ((int index, SegmentLine line) in lines.Index())
        {
            AppendLine(svg, line, Padding + (index * LineHeight) + Ascent);
        }

        return svg.Append("</svg>").AppendLine().ToString();
    }

    /// <summary>Whatever stands apart has its own place, so that columns stay columns whatever font the reader has.</summary>
    private static void AppendLine(StringBuilder svg, SegmentLine line, double y)
    {
        string text = string.Concat(line.Select(static segment => segment.Text));
        Style[] styles = [.. line.SelectMany(static segment => Enumerable.Repeat(segment.Style, segment.Text.Length))];
        for (int start = 0; start < text.Length;)
        {
            if (text[start] == ' ')
            {
                start++;
                continue;
            }

            int end = start + 1;
            while (end < text.Length && styles[end].Equals(styles[start]) && !text[end..].StartsWith("  ", StringComparison.Ordinal))
            {
                end++;
            }

            string piece = text[start..end].TrimEnd();
            svg.AppendLine(CultureInfo.InvariantCulture, $"""  <text x="{Padding + (start * CellWidth):0}" y="{y:0}" textLength="{piece.Length * CellWidth:0}"{Class(styles[start])}>{Escape(piece)}</text>""");
            start = end;
        }
    }

    private static string Class(Style style) => style switch
    {
        _ when style.Foreground == Color.Green => " class=\"green\"",
        _ when style.Foreground == Color.Red => " class=\"red\"",
        _ when style.Decoration.HasFlag(Decoration.Bold) => " class=\"bold\"",
        _ => string.Empty,
    };

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
