using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>The result of a race.</summary>
internal sealed class RaceReport
{
    public RaceReport(PreparedRace race, TimeSpan took)
    {
        Ground = race.Ground;
        Settings = race.Settings;
        Took = took;
        Lines = [.. race.Entries.Select(entry => new RaceReportLine(entry.Contender.Name, entry.Kind.Name, entry.Tally(), race.CountExecutedTwice(entry)))];
        PlainClientFailed = Lines.Any(line => line.Contender == Contenders.Plain.Name && line.Tally.Failed > 0);
    }

    public RaceGround Ground { get; }

    public RaceSettings Settings { get; }

    public TimeSpan Took { get; }

    public IReadOnlyList<RaceReportLine> Lines { get; }

    /// <summary>Gets whether the plain client failed at all. If not, the race never happened, and nobody won it.</summary>
    public bool PlainClientFailed { get; }

    public string ToJson() => RaceJson.Write(this);
}

/// <summary>One line of it.</summary>
/// <param name="Contender">Who sent.</param>
/// <param name="Request">What was sent.</param>
/// <param name="Tally">What became of it.</param>
/// <param name="ExecutedTwice">How many requests were executed more than once; null when nobody knows.</param>
internal sealed record RaceReportLine(string Contender, string Request, RaceTally Tally, int? ExecutedTwice);
