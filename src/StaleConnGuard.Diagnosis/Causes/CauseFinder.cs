using System.Globalization;

namespace StaleConnGuard.Diagnosis;

/// <summary>From what was counted at a server to the cause. Pure.</summary>
internal static class CauseFinder
{
    // Closes a tenth apart, or a fifth of a second, are one age: a timer that looks now and then.
    private const double EvenShare = 0.1;
    private static readonly TimeSpan s_even = TimeSpan.FromMilliseconds(200);

    // Servers close late, by up to a second and some, and the clocks of captures are not ours.
    private static readonly TimeSpan s_early = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(1300);

    public static Cause? Find(ServerSummary summary)
    {
        if (summary.Closes.Count == 0)
        {
            return summary.ShortestForgotten is { } forgotten ? Forgotten(summary, forgotten) : null;
        }

        IReadOnlyList<TimeSpan> closes = summary.Closes;
        TimeSpan low = closes[closes.Count / 20];
        TimeSpan high = closes[closes.Count - 1 - (closes.Count / 20)];
        bool isEven = high - low <= (low * EvenShare > s_even ? low * EvenShare : s_even);
        TimeSpan timeout = RoundDown(low);
        KnownServerTimeout[] presets = [.. isEven ? KnownServerTimeouts.All.Where(preset => !preset.ClosesSilently && Fits(preset.Timeout, low)) : []];
        string when = isEven ? $"the {Text(timeout)} after which {summary.Server} closes them" : $"{summary.Server} does, which closes them at idle ages of {Text(low)} to {Text(high)}";
        string how = summary.HasResets ? " (with a reset)" : string.Empty;
        string sentence = summary.Lost == 0
            ? $"{summary.Server} closes idle connections {(isEven ? $"after {Text(timeout)}" : $"at idle ages of {Text(low)} to {Text(high)}")}{how}: {Count(closes.Count, "close")}, no request lost to it here."
            : $"Your client keeps idle connections longer than {when}{how}: {Count(summary.Lost, "request")} lost{Methods(summary)}.";
        return new Cause(summary.Server, timeout, closes[^1], isEven, presets, sentence, Settings(summary, timeout));
    }

    private static Cause Forgotten(ServerSummary summary, TimeSpan age)
    {
        KnownServerTimeout[] presets = [.. KnownServerTimeouts.All.Where(preset => preset.ClosesSilently && preset.Timeout <= age)];
        string sentence = $"Something between your client and {summary.Server} forgets idle connections without a word: {Count(summary.Of(Verdict.ResetForgotten), "request")} answered with a reset, "
            + $"{Count(summary.Of(Verdict.SilentDrop), "request")} never acknowledged, at idle ages from {Text(age)} on. Its timeout is shorter than that; the capture does not show it.";
        return new Cause(summary.Server, null, null, IsEven: false, presets, sentence, Knobs.OfClient(summary.Server, RoundDown(age)));
    }

    private static IReadOnlyList<Setting> Settings(ServerSummary summary, TimeSpan timeout) =>
        summary.Lost == 0 ? [] : Knobs.OfClient(summary.Server, timeout);

    private static bool Fits(TimeSpan preset, TimeSpan closed) => closed >= preset - s_early && closed <= preset + s_late;

    private static string Methods(ServerSummary summary)
    {
        long posts = summary.LostMethods.GetValueOrDefault("POST");
        return summary.LostMethods.Count == 0 ? ", their methods hidden by TLS or HTTP/2" : posts == 0 ? ", none of them POST" : $", {posts.ToString(CultureInfo.InvariantCulture)} of them POST";
    }

    // What a server is told is a round figure, and it closes a little later: 5.004 s means 5 s.
    private static TimeSpan RoundDown(TimeSpan age)
    {
        var nearest = TimeSpan.FromSeconds(Math.Round(age.TotalSeconds * 10) / 10);
        return nearest > TimeSpan.Zero && (age - nearest).Duration() <= s_early && nearest <= age ? nearest : TimeSpan.FromMilliseconds(Math.Floor(age.TotalMilliseconds / 10) * 10);
    }

    private static string Text(TimeSpan age) => string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:0.0##} s");

    private static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? string.Empty : "s")}");
}
