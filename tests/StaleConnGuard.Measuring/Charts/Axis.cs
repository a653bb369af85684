using System.Globalization;

namespace StaleConnGuard.Measuring;

/// <summary>Maps values to pixels, by tens or evenly, and says where the grid lines are.</summary>
internal sealed class Axis
{
    private const int Steps = 5;

    private readonly bool _isByTens;
    private readonly double _from;
    private readonly double _to;

    private Axis(bool isByTens, double from, double to)
    {
        _isByTens = isByTens;
        _from = from;
        _to = to;
    }

    /// <summary>From zero to a round number that no value is above.</summary>
    public static Axis Even(IEnumerable<double> values)
    {
        double max = values.DefaultIfEmpty(0).Max();
        double step = RoundStep(Math.Max(max, 1e-9) / Steps);
        return new Axis(isByTens: false, 0, Math.Max(step, Math.Ceiling(max / step) * step));
    }

    /// <summary>From a power of ten that no value is below (zero and less do not count) to one that none is above.</summary>
    public static Axis ByTens(IEnumerable<double> values)
    {
        double[] positive = [.. values.Where(value => value > 0)];
        double from = positive.Length == 0 ? 0 : Math.Floor(Math.Log10(positive.Min()));
        double to = positive.Length == 0 ? 1 : Math.Ceiling(Math.Log10(positive.Max()));
        return new Axis(isByTens: true, from, Math.Max(to, from + 1));
    }

    /// <summary>Where a value lies, from 0 to 1; what a scale by tens cannot show lies at 0.</summary>
    public double Share(double value)
    {
        if (!_isByTens)
        {
            return value / _to;
        }

        return value <= 0 ? 0 : (Math.Log10(value) - _from) / (_to - _from);
    }

    public IEnumerable<double> Ticks()
    {
        if (_isByTens)
        {
            for (double power = _from; power <= _to; power++)
            {
                yield return Math.Pow(10, power);
            }

            yield break;
        }

        double step = RoundStep(_to / Steps);
        for (double tick = 0; tick <= _to * 1.0001; tick += step)
        {
            yield return tick;
        }
    }

    /// <summary>A number as short as it can be said.</summary>
    public static string Format(double value) => value switch
    {
        >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        0 => "0",
        >= 0.01 or <= -0.01 => value.ToString("0.##", CultureInfo.InvariantCulture),
        _ => value.ToString("0.####", CultureInfo.InvariantCulture),
    };

    private static double RoundStep(double step)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        double digit = step / power;
        return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    }
}
