namespace StaleConnGuard.Measuring;

/// <summary>What was measured so many times, in order of size. Immutable.</summary>
public sealed class Distribution
{
    private readonly double[] _sorted;

    /// <summary>Sorts a copy of <paramref name="values"/>.</summary>
    public Distribution(IEnumerable<double> values) => _sorted = [.. values.Order()];

    /// <summary>Gets how many there are.</summary>
    public int Count => _sorted.Length;

    /// <summary>Gets the median; null when nothing was measured.</summary>
    public double? Median => Percentile(50);

    /// <summary>Gets the largest; null when nothing was measured.</summary>
    public double? Max => Percentile(100);

    /// <summary>The smallest value that so many per cent of all are not above (nearest rank): always one that was measured. Null when nothing was.</summary>
    public double? Percentile(double percent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(percent, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
        return _sorted.Length == 0 ? null : _sorted[Math.Max(0, (int)Math.Ceiling(percent / 100 * _sorted.Length) - 1)];
    }
}
