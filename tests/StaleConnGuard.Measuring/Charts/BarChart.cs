using System.Runtime.InteropServices;

namespace StaleConnGuard.Measuring;

/// <summary>Bars from left to right, each with its name and its value beside it, in groups under headings. No legend, so no colour need be told from another.</summary>
/// <param name="title">The heading.</param>
/// <param name="unit">What the values count.</param>
public sealed class BarChart(string title, string unit)
{
    private const int Width = 760;
    private const int Values = 90;
    private const int BarHeight = 15;
    private const int Row = 20;

    private readonly List<(string Heading, List<Bar> Bars)> _groups = [];

    /// <summary>Gets or sets how much room the names of the bars have.</summary>
    public int Names { get; set; } = 200;

    /// <summary>Gets or sets whether the scale goes by tens.</summary>
    public bool IsByTens { get; set; }

    /// <summary>Begins a group.</summary>
    public void AddGroup(string heading) => _groups.Add((heading, []));

    /// <summary>Adds a bar to the last group.</summary>
    /// <param name="name">What it stands for.</param>
    /// <param name="value">How long it is; null when there is nothing to show.</param>
    /// <param name="color">A number that equal things share.</param>
    public void AddBar(string name, double? value, int color) => _groups[^1].Bars.Add(new Bar(name, value, color));

    /// <inheritdoc/>
    public override string ToString()
    {
        IEnumerable<double> values = _groups.SelectMany(group => group.Bars).Select(bar => bar.Value ?? 0);
        Axis axis = IsByTens ? Axis.ByTens(values) : Axis.Even(values);
        int length = Width - Names - Values;
        var svg = new Svg(Width);
        svg.Text(20, 28, title, "ink title");
        svg.Text(20, 46, IsByTens ? $"{unit}; the scale goes by tens" : unit, "soft");
        double top = 62;
        double bottom = top + _groups.Sum(group => (group.Bars.Count * Row) + Row + 12);
        foreach (double tick in axis.Ticks())
        {
            double x = Names + (axis.Share(tick) * length);
            svg.GridLine(x, top, x, bottom);
            svg.Text(x, bottom + 16, Axis.Format(tick), "soft", "middle");
        }

        double y = top + Row;
        foreach ((string heading, List<Bar> bars) in _groups)
        {
            svg.Text(20, y - 7, heading, "ink bold");
            foreach (Bar bar in bars)
            {
                svg.Text(Names - 10, y + 12, bar.Name, "ink", "end");
                double share = bar.Value is { } value ? axis.Share(value) : 0;
                if (bar.Value is not null)
                {
                    svg.Bar(Names, y, share * length, BarHeight, bar.Color);
                }

                svg.Text(Names + (share * length) + 6, y + 12, bar.Value is { } known ? Axis.Format(known) : "none", "ink");
                y += Row;
            }

            y += Row + 12;
        }

        return svg.ToString(bottom + 30, $"{title}, {unit}");
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Bar(string Name, double? Value, int Color);
}
