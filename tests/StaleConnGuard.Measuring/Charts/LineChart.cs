namespace StaleConnGuard.Measuring;

/// <summary>Lines over a scale that goes by tens, each with its name at its end and in a legend above.</summary>
/// <param name="title">The heading.</param>
/// <param name="across">What the scale from left to right counts.</param>
/// <param name="up">What the scale from bottom to top counts.</param>
public sealed class LineChart(string title, string across, string up)
{
    private const int Width = 760;
    private const int Left = 70;
    private const int Right = 40;
    private const int Top = 92;
    private const int Height = 260;

    private readonly List<(string Name, IReadOnlyList<(double X, double Y)> Points, int Color)> _lines = [];

    /// <summary>Gets or sets whether the scale from bottom to top goes by tens as well.</summary>
    public bool IsByTens { get; set; }

    /// <summary>Adds a line; values that a scale by tens cannot show are left out.</summary>
    public void AddLine(string name, IEnumerable<(double X, double Y)> points, int color) =>
        _lines.Add((name, [.. points.Where(point => point.X > 0 && (!IsByTens || point.Y > 0))], color));

    /// <inheritdoc/>
    public override string ToString()
    {
        var x = Axis.ByTens(_lines.SelectMany(line => line.Points).Select(point => point.X));
        IEnumerable<double> heights = _lines.SelectMany(line => line.Points).Select(point => point.Y);
        Axis y = IsByTens ? Axis.ByTens(heights) : Axis.Even(heights);
        var svg = new Svg(Width);
        svg.Text(20, 28, title, "ink title");
        svg.Text(20, 46, $"{up}, over {across}", "soft");
        DrawLegend(svg);
        foreach (double tick in y.Ticks())
        {
            svg.GridLine(Left, Up(y, tick), Width - Right, Up(y, tick));
            svg.Text(Left - 8, Up(y, tick) + 4, Axis.Format(tick), "soft", "end");
        }

        foreach (double tick in x.Ticks())
        {
            svg.Text(Across(x, tick), Top + Height + 20, Axis.Format(tick), "soft", "middle");
        }

        foreach ((_, IReadOnlyList<(double X, double Y)> points, int color) in _lines)
        {
            svg.Line([.. points.Select(point => (Across(x, point.X), Up(y, point.Y)))], color);
        }

        svg.Text(Left + ((Width - Left - Right) / 2.0), Top + Height + 40, across, "soft", "middle");
        return svg.ToString(Top + Height + 54, $"{title}: {up}, over {across}");
    }

    private static double Across(Axis axis, double value) => Left + (axis.Share(value) * (Width - Left - Right));

    private static double Up(Axis axis, double value) => Top + Height - (axis.Share(value) * Height);

    private void DrawLegend(Svg svg)
    {
        double x = 20;
        foreach ((string name, _, int color) in _lines)
        {
            svg.Bar(x, 60, 12, 12, color);
            svg.Text(x + 18, 71, name);
            x += 40 + (name.Length * 6.6);
        }
    }
}
