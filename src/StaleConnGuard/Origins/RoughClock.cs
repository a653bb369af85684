using System.Diagnostics;

namespace StaleConnGuard.Origins;

/// <summary>
/// A monotonic clock that is some milliseconds late at most times, and costs a fifth of the exact one: for what may be late but not early, such as a
/// deadline's beginning. Its timestamps are those of the exact clock.
/// </summary>
/// <remarks>
/// On Linux both are <c>CLOCK_MONOTONIC</c>, this one as of the kernel's last tick. Elsewhere, and under a clock of the tests, it is the exact one. Never used where being
/// late would let a connection pass for younger than it is: after a pause of the whole machine it may be late by more than a tick.
/// </remarks>
internal static class RoughClock
{
    private const int MillisecondsPerSecond = 1000;

    private static readonly bool s_sharesOrigin = OperatingSystem.IsLinux() && Math.Abs(Environment.TickCount64 - Stopwatch.GetElapsedTime(0).TotalMilliseconds) < MillisecondsPerSecond;

    /// <summary>Not later than now, as a timestamp of this clock.</summary>
    public static long Read(TimeProvider time) =>
        s_sharesOrigin && ReferenceEquals(time, TimeProvider.System) ? Environment.TickCount64 * (Stopwatch.Frequency / MillisecondsPerSecond) : time.GetTimestamp();
}
