namespace StaleConnGuard.Diagnosis;

/// <summary>
/// Gives moments their heights in a picture. What is later is never higher up, so that what crosses, crosses in the picture; spaces are stretched for labels, and long ones in which
/// nothing happens are cut short and marked.
/// </summary>
internal sealed class TimeAxis
{
    private const double LongestStep = 84;
    private const double BreakHeight = 44;
    private const double LabelHeight = 17;

    private readonly Dictionary<long, double> _heights = [];
    private readonly List<(double From, double To, TimeSpan Span)> _breaks = [];

    /// <param name="moments">Each with the column in which it has a label; -1 for none.</param>
    /// <param name="flight">How long a packet is under way: it is to be seen as a slope.</param>
    /// <param name="top">The height of the first.</param>
    public TimeAxis(IEnumerable<(long Time, int Column)> moments, TimeSpan flight, double top)
    {
        double perNanosecond = 56 / Math.Max(flight.TotalNanoseconds, 10_000);
        var lowestLabels = new Dictionary<int, double>();
        double y = top;
        long last = long.MinValue;
        foreach (IGrouping<long, (long Time, int Column)> moment in moments.GroupBy(one => one.Time).OrderBy(one => one.Key))
        {
            if (last != long.MinValue)
            {
                double step = Math.Max(0, (moment.Key - last) * perNanosecond);
                if (step > LongestStep)
                {
                    _breaks.Add((y, y + BreakHeight, Nanoseconds.ToTimeSpan(moment.Key - last)));
                    step = BreakHeight;
                }

                y += step;
            }

            foreach ((_, int column) in moment.Where(one => one.Column >= 0))
            {
                y = lowestLabels.TryGetValue(column, out double label) ? Math.Max(y, label + LabelHeight) : y;
            }

            foreach ((_, int column) in moment.Where(one => one.Column >= 0))
            {
                lowestLabels[column] = y;
            }

            _heights[moment.Key] = y;
            last = moment.Key;
        }

        Bottom = y;
    }

    /// <summary>The height of the last moment.</summary>
    public double Bottom { get; }

    /// <summary>Spaces that were cut short: where, and how long they are.</summary>
    public IReadOnlyList<(double From, double To, TimeSpan Span)> Breaks => _breaks;

    public double HeightOf(long moment) => _heights[moment];
}
