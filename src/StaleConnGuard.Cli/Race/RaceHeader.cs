using System.Globalization;

namespace StaleConnGuard.Cli;

/// <summary>What is raced, where and how: said before the race, so that its result can be judged.</summary>
internal static class RaceHeader
{
    public static void Write(PreparedRace race, TextWriter output)
    {
        RaceGround ground = race.Ground;
        output.WriteLine($"Server   {Server(ground)}");
        output.WriteLine($"Link     {Link(ground)}");
        output.WriteLine($"Aim      requests leave at idle ages from {Milliseconds(ground.Aim.From)} to {Milliseconds(ground.Aim.To)}, seed {race.Settings.Seed}");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Size     {race.Entries.Count} entries side by side, {race.Settings.Requests} requests each, {race.Settings.Workers} workers each; about {Duration.Format(Estimate(race))}"));
        output.WriteLine();
        output.Flush();
    }

    private static string Server(RaceGround ground) => ground.Server is null
        ? $"embedded, one for each entry; closes idle connections with a FIN at {Milliseconds(ground.IdleTimeout)}, exactly"
            + (ground.DyingPercent == 0 ? string.Empty : $"; executes {ground.DyingPercent} % of the requests and dies without an answer")
        : $"{ground.Server}, closes idle connections at {Milliseconds(ground.IdleTimeout)} ({ground.IdleTimeoutSource})";

    private static string Link(RaceGround ground) => ground.Link switch
    {
        LinkKind.Packets => $"real packets between two network namespaces, round trip {Milliseconds(ground.RoundTrip)}, device {ground.Device}",
        LinkKind.Relay => $"loopback relay, round trip {Milliseconds(ground.RoundTrip)}; no link of real packets: {ground.WhyRelay}. "
            + "A relay acknowledges for the server, so proofs of non-delivery are not available.",
        _ => $"the network as it is, round trip {Milliseconds(ground.RoundTrip)}",
    };

    // A round is one idle age, and then a request that may have to connect first.
    private static TimeSpan Estimate(PreparedRace race)
    {
        int rounds = ((race.Settings.Requests - 1) / race.Settings.Workers) + 1;
        TimeSpan estimate = (rounds + 0.5) * (race.Ground.Aim.To + (3 * race.Ground.RoundTrip));
        return TimeSpan.FromSeconds(Math.Ceiling(estimate.TotalSeconds));
    }

    private static string Milliseconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0.##} ms");
}
