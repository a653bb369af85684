using System.Globalization;

namespace StaleConnGuard.Cli;

/// <summary>Durations as people write them: <c>10ms</c>, <c>1.5s</c>, <c>2m</c>.</summary>
internal static class Duration
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        (string number, double milliseconds) = text switch
        {
            [.. var digits, 'm', 's'] => (digits, 1d),
            [.. var digits, 's'] => (digits, 1_000d),
            [.. var digits, 'm'] => (digits, 60_000d),
            _ => (string.Empty, 0d),
        };
        duration = TimeSpan.Zero;
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) || !(value * milliseconds < 1e12))
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(value * milliseconds);
        return true;
    }

    public static string Format(TimeSpan duration) => duration switch
    {
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0.##}ms"),
        { TotalMinutes: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.###}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMinutes:0.#}m"),
    };
}
