using System.Security.Cryptography;
using System.Text;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>Makes the servers, or measures the one that is there, and draws up the list of entries.</summary>
internal static class RacePreparation
{
    /// <summary>When the embedded server closes an idle connection, unless <c>--idle</c> says otherwise.</summary>
    public static readonly TimeSpan EmbeddedIdleTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_longestMeasured = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_shortestRaced = TimeSpan.FromMilliseconds(100);

    /// <summary>A race against the embedded server. Each entry has a server of its own: what the guard learns for one is no help to the next.</summary>
    public static PreparedRace Embedded(RaceArguments arguments)
    {
        TimeSpan idle = arguments.Idle ?? EmbeddedIdleTimeout;
        RaceCourse course = RaceCourse.Open(arguments.Delay, arguments.Relay);
        if (arguments.Capture is { } path)
        {
            if (!course.HasRealPackets)
            {
                throw new CannotRaceException($"--capture needs a link of real packets: {course.WhyRelay}.");
            }

            course.CaptureTo(path);
        }

        LinkKind link = course.HasRealPackets ? LinkKind.Packets : LinkKind.Relay;
        var aim = AimWindow.Around(idle, 2 * arguments.Delay);
        var ground = new RaceGround(null, idle, "set", arguments.Dying, link, course.DeviceName, course.WhyRelay, 2 * arguments.Delay, aim);
        var race = new PreparedRace(ground, Settings(arguments, aim), course);
        foreach (RequestKind kind in RequestKind.All)
        {
            foreach (Contender contender in Contenders.All(idle))
            {
                (RaceServer server, Uri address) = course.AddServer(new RaceServerOptions { IdleTimeout = idle, DiesOn = Dying(arguments) });
                race.Add(new RaceEntry(contender, kind, address), server);
            }
        }

        return race;
    }

    /// <summary>A race against a server that is there.</summary>
    /// <exception cref="CannotRaceException">It keeps no connection open, or for too long to wait for.</exception>
    public static async Task<PreparedRace> AgainstAsync(Uri server, RaceArguments arguments, TextWriter log, CancellationToken cancellationToken)
    {
        TimeSpan roundTrip = await IdleTimeoutProbe.MeasureRoundTripAsync(server, cancellationToken);
        TimeSpan idle = arguments.Idle ?? await MeasureIdleTimeoutAsync(server, log, cancellationToken);
        var aim = AimWindow.Around(idle, roundTrip);
        var ground = new RaceGround(server, idle, arguments.Idle is null ? "measured" : "given", 0, LinkKind.Network, string.Empty, string.Empty, roundTrip, aim);
        var race = new PreparedRace(ground, Settings(arguments, aim));
        foreach (RequestKind kind in RequestKind.All)
        {
            foreach (Contender contender in Contenders.All(idle))
            {
                race.Add(new RaceEntry(contender, kind, server));
            }
        }

        return race;
    }

    private static RaceSettings Settings(RaceArguments arguments, AimWindow aim) =>
        new(aim) { Workers = arguments.Workers, Requests = arguments.Requests, Seed = arguments.Seed };

    private static async Task<TimeSpan> MeasureIdleTimeoutAsync(Uri server, TextWriter log, CancellationToken cancellationToken)
    {
        await log.WriteLineAsync($"Measuring the idle timeout of {server} (for up to {Duration.Format(s_longestMeasured)}; --idle gives it at once) ...");
        TimeSpan? measured = await IdleTimeoutProbe.MeasureIdleTimeoutAsync(server, s_longestMeasured, cancellationToken);
        return measured switch
        {
            null => throw new CannotRaceException($"{server} keeps idle connections open for longer than {Duration.Format(s_longestMeasured)}: give its timeout with --idle."),
            { } idle when idle < s_shortestRaced => throw new CannotRaceException($"{server} closes a connection {Duration.Format(idle)} after a response: there is no keep-alive to race against."),
            { } idle => idle,
        };
    }

    // Drawn from the request's id without the part that names the run: with the same seed the same requests meet a dying server. Only
    // the first execution does, or a request that is repeated would meet nothing else; and never a warm-up.
    internal static Func<string?, int, bool>? Dying(RaceArguments arguments) => arguments.Dying == 0
        ? null
        : (id, execution) => execution == 1
            && id?.EndsWith(RaceRunner.WarmUpSuffix, StringComparison.Ordinal) is false
            && Draw($"{arguments.Seed}{id.AsSpan(id.IndexOf('-', StringComparison.Ordinal))}") < arguments.Dying;

    private static int Draw(string text) => BitConverter.ToUInt16(SHA256.HashData(Encoding.UTF8.GetBytes(text))) % 100;
}
