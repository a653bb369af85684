using System.Runtime.InteropServices;

namespace StaleConnGuard.Racing;

/// <summary>
/// The idle ages at which requests are aimed, counted by the client from the last response byte it read. A server that closes at the age
/// T sends its FIN when the client's count says T minus one round trip, and the client learns of it at T: in between the race is open.
/// </summary>
/// <param name="From">The lowest age.</param>
/// <param name="To">The highest age.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct AimWindow(TimeSpan From, TimeSpan To)
{
    // Timers of servers are late by up to some milliseconds, and so are ours. A miss on either side is an honest part of the race.
    private const double Widening = 0.1;
    private static readonly TimeSpan s_leastWidening = TimeSpan.FromMilliseconds(1);

    /// <summary>The open window, made a little wider at both ends.</summary>
    public static AimWindow Around(TimeSpan idleTimeout, TimeSpan roundTrip)
    {
        TimeSpan widening = roundTrip * Widening;
        widening = widening > s_leastWidening ? widening : s_leastWidening;
        TimeSpan from = idleTimeout - roundTrip - widening;
        return new AimWindow(from > TimeSpan.Zero ? from : TimeSpan.Zero, idleTimeout + widening);
    }

    internal TimeSpan Draw(Random random) => From + ((To - From) * random.NextDouble());
}
