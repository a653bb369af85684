using System.Globalization;
using System.Net;
using System.Text;

namespace StaleConnGuard.Measuring;

/// <summary>
/// An SVG picture as it is drawn: shapes and text in a style of their own that follows the reader's light or dark mode. Sizes in pixels.
/// </summary>
internal sealed class Svg(int width)
{
    /// <summary>How many colours there are to tell series apart.</summary>
    public const int Colors = 5;

    // Told apart by the colour-blind as well, and on both backgrounds. Written out, because not every viewer knows variables.
    private const string Style = """
        text{font:12px system-ui,sans-serif} .title{font-size:15px;font-weight:600} .bold{font-weight:600} polyline{fill:none;stroke-width:2}
        .back{fill:#fcfcfb} .ink{fill:#1b1b1a} .soft{fill:#5c5c57} .grid{stroke:#deded9}
        .fill0{fill:#2a78d6} .line0{stroke:#2a78d6} .fill1{fill:#eb6834} .line1{stroke:#eb6834} .fill2{fill:#1baf7a} .line2{stroke:#1baf7a} .fill3{fill:#b87700} .line3{stroke:#b87700} .fill4{fill:#8a63d2} .line4{stroke:#8a63d2}
        @media (prefers-color-scheme:dark){
        .back{fill:#1a1a19} .ink{fill:#f0f0ec} .soft{fill:#b4b4ac} .grid{stroke:#3a3a37}
        .fill0{fill:#4b95ee} .line0{stroke:#4b95ee} .fill1{fill:#e2703f} .line1{stroke:#e2703f} .fill2{fill:#23b780} .line2{stroke:#23b780} .fill3{fill:#d39a2c} .line3{stroke:#d39a2c} .fill4{fill:#a587e8} .line4{stroke:#a587e8}
        }
        """;

    private readonly StringBuilder _shapes = new();

    public void Text(double x, double y, string text, string classes = "ink", string anchor = "start") =>
        Add($"<text x=\"{x:0.#}\" y=\"{y:0.#}\" class=\"{classes}\" text-anchor=\"{anchor}\">{WebUtility.HtmlEncode(text)}</text>");

    public void Bar(double x, double y, double length, double height, int color) =>
        Add($"<rect x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{length:0.#}\" height=\"{height:0.#}\" rx=\"2\" class=\"fill{color % Colors}\"/>");

    public void GridLine(double x1, double y1, double x2, double y2) =>
        Add($"<line x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\" class=\"grid\"/>");

    public void Line(IReadOnlyList<(double X, double Y)> points, int color)
    {
        string path = string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.#},{point.Y:0.#}")));
        Add($"<polyline points=\"{path}\" class=\"line{color % Colors}\"/>");
        foreach ((double x, double y) in points)
        {
            Add($"<circle cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"3.5\" class=\"fill{color % Colors}\"/>");
        }
    }

    public string ToString(double height, string description) => string.Create(
        CultureInfo.InvariantCulture,
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height:0}\" width=\"{width}\" height=\"{height:0}\" role=\"img\">\n<title>{WebUtility.HtmlEncode(description)}</title>\n<style>\n{Style}\n</style>\n<rect width=\"{width}\" height=\"{height:0}\" rx=\"6\" class=\"back\"/>\n{_shapes}</svg>\n");

    private void Add(FormattableString shape) => _shapes.Append(shape.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
