using System.Globalization;

namespace StaleConnGuard.Diagnosis;

/// <summary>From what was counted at a server to the cause. Pure.</summary>
internal static class CauseFinder
{
    // Servers close late, by up to a second and some, and the clocks of captures are not ours.
    private static readonly TimeSpan s_early = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(1300);

    public static Cause? Find(ServerSummary summary)
    {
        if (AgeGroups.Of(summary.Closes) is { } ages)
        {
            return ClosedByServer(summary, ages);
        }

        if (summary.ShortestForgotten is { } forgotten)
        {
            return Forgotten(summary, forgotten);
        }

        if (summary.Closes.Count > 0)
        {
            return Restarted(summary);
        }

        if (summary.AboveGoAway > 0)
        {
            return SaidGoAway(summary);
        }

        return AgeGroups.Of(summary.ClientCloses) is { } clientAges ? ClosedByClient(summary, clientAges) : null;
    }

    private static Cause ClosedByServer(ServerSummary summary, AgeGroups ages)
    {
        TimeSpan timeout = RoundDown(ages.Timeout.From);
        string range = $"at idle ages of {Text(ages.Timeout.From)} to {Text(ages.Timeout.To)}";
        string when = ages.IsEven ? $"the {Text(timeout)} after which {summary.Server} closes them" : $"{summary.Server} does, which closes them {range}";
        string how = summary.HasResets ? " (with a reset)" : string.Empty;
        string sentence = summary.Lost == 0
            ? $"{summary.Server} closes idle connections {(ages.IsEven ? $"after {Text(timeout)}" : range)}{how}, before the client does: {Count(ages.Groups.Sum(group => group.Count), "close")}, no request lost to it here. Any request that crosses such a close will be."
            : $"Your client keeps idle connections longer than {when}{how}: {Count(summary.Lost, "request")} lost{Methods(summary)}.";
        KnownServerTimeout[] presets = [.. KnownServerTimeouts.All.Where(preset => ages.IsEven && !preset.ClosesSilently && Fits(preset.Timeout, ages.Timeout.From))];
        return new Cause
        {
            Server = summary.Server,
            Sentence = sentence + OtherGroups(ages) + Restart(ages.AtRestart),
            Timeout = timeout,
            Ages = ages,
            Presets = presets,
            Nearest = presets.Length == 0 ? KnownServerTimeouts.All.Where(preset => !preset.ClosesSilently).MinBy(preset => Math.Abs(Math.Log(preset.Timeout / ages.Timeout.From))) : null,
            Settings = Knobs.OfClient(summary.Server, summary.IsTls, timeout),
            ServerSettings = summary.LongestKept is { } kept ? Knobs.OfServer(kept) : [],
            LongestKept = summary.LongestKept,
        };
    }

    private static Cause Forgotten(ServerSummary summary, TimeSpan age)
    {
        string sentence = $"Something between your client and {summary.Server} forgets idle connections without a word: {Count(summary.Of(Verdict.ResetForgotten), "request")} answered with a reset, "
            + $"{Count(summary.Of(Verdict.SilentDrop), "request")} never acknowledged, at idle ages from {Text(age)} on. Its timeout is shorter than that; the capture does not show it.";
        return new Cause
        {
            Server = summary.Server,
            Sentence = sentence,
            Presets = [.. KnownServerTimeouts.All.Where(preset => preset.ClosesSilently && preset.Timeout <= age)],
            Settings = Knobs.OfClient(summary.Server, summary.IsTls, RoundDown(age)),
            LongestKept = summary.LongestKept,
        };
    }

    private static Cause Restarted(ServerSummary summary) => new()
    {
        Server = summary.Server,
        Sentence = $"{summary.Server} closed idle connections of all ages together, as a restart or a drain does: {Count(summary.Closes.Count, "connection")}, {Count(summary.Lost, "request")} lost. No timeout is seen.",
        LongestKept = summary.LongestKept,
    };

    private static Cause SaidGoAway(ServerSummary summary) => new()
    {
        Server = summary.Server,
        Sentence = $"{summary.Server} ended connections with GOAWAY: {Count(summary.AboveGoAway, "request")} above its last stream, which it has not processed. That is no timeout's fault, and clients send them again by themselves.",
        LongestKept = summary.LongestKept,
    };

    private static Cause ClosedByClient(ServerSummary summary, AgeGroups ages) => new()
    {
        Server = summary.Server,
        Sentence = $"Your client closes idle connections to {summary.Server} {(ages.IsEven ? $"after {Text(RoundDown(ages.Timeout.From))}" : $"at idle ages of {Text(ages.Timeout.From)} to {Text(ages.Timeout.To)}")}"
            + $", before the server does: {Count(ages.Groups.Sum(group => group.Count), "close")}. Its timeout is the shorter one, as it should be.",
        LongestKept = summary.LongestKept,
    };

    private static bool Fits(TimeSpan preset, TimeSpan closed) => closed >= preset - s_early && closed <= preset + s_late;

    private static string OtherGroups(AgeGroups ages)
    {
        int others = ages.Groups.Sum(group => group.Count) - ages.Timeout.Count;
        return others > 0 ? $" {Count(others, "close")} at other ages." : string.Empty;
    }

    private static string Restart(int closes) => closes > 0 ? $" {Count(closes, "connection")} of all ages closed together, as a restart or a drain does." : string.Empty;

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
