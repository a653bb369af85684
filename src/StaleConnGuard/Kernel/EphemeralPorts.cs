using System.Globalization;

namespace StaleConnGuard.Kernel;

/// <summary>
/// How many ports this process may keep in TIME_WAIT. Whoever closes a connection first keeps its port there, on Linux for a minute (RFC 9293 3.6.1). Without the
/// guard that is mostly the server; with it, which closes before the server does, the client. Where ports are few, the guard would use them up.
/// </summary>
/// <remarks>Thread-safe. Asked once in a connection's life, when that is closed, and never on the way of a request.</remarks>
/// <param name="count">How many ports there are; null for those of the system, which is asked when it matters.</param>
/// <param name="time">The clock of TIME_WAIT.</param>
internal sealed class EphemeralPorts(int? count, TimeProvider time)
{
    // Linux' default range, 32768 to 60999; every other system has some 16,000.
    internal const int UsualCount = 28_232;

    // What is left is for connections that are open, for whoever else is on the machine, and for what the runtime closes on its own.
    internal const int ShareForTimeWait = 8;

    // include/net/tcp.h: TCP_TIMEWAIT_LEN.
    internal static readonly TimeSpan TimeWait = TimeSpan.FromSeconds(60);

    private const string RangeFile = "/proc/sys/net/ipv4/ip_local_port_range";

    private readonly Lock _lock = new();
    private int _allowed = count is int known ? known / ShareForTimeWait : -1;
    private long _minuteBegan = time.GetTimestamp();
    private int _thisMinute;
    private int _lastMinute;
    private long _shortSince;
    private bool _isShort;

    /// <summary>Those of this machine, or of the network namespace that the process was started in.</summary>
    public static EphemeralPorts OfSystem { get; } = new(count: null, TimeProvider.System);

    /// <summary>A connection is about to be closed before its peer has: may its port be kept for a while? Counted if so.</summary>
    public bool TryKeep()
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            TimeSpan since = time.GetElapsedTime(_minuteBegan, now);
            if (since >= TimeWait)
            {
                // What is kept from the minute before is counted whole until this one is over: rather too many than too few.
                _lastMinute = since < 2 * TimeWait ? _thisMinute : 0;
                _thisMinute = 0;
                _minuteBegan = now;
            }

            _isShort = _isShort && time.GetElapsedTime(_shortSince, now) < TimeWait;
            _allowed = _allowed >= 0 ? _allowed : Count() / ShareForTimeWait;
            if (_isShort || _thisMinute + _lastMinute >= _allowed)
            {
                return false;
            }

            _thisMinute++;
            return true;
        }
    }

    /// <summary>A connect found no port: whoever keeps them, for a minute no more are kept.</summary>
    public void NoteShortage()
    {
        lock (_lock)
        {
            _shortSince = time.GetTimestamp();
            _isShort = true;
        }
    }

    /// <summary>How many ports a range has, as the kernel writes it; null when it is none.</summary>
    internal static int? CountOf(string range)
    {
        string[] bounds = range.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return bounds.Length == 2
            && int.TryParse(bounds[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
            && int.TryParse(bounds[1], NumberStyles.None, CultureInfo.InvariantCulture, out int last)
            && last >= first
                ? last - first + 1
                : null;
    }

    private static int Count()
    {
        try
        {
            return (OperatingSystem.IsLinux() ? CountOf(File.ReadAllText(RangeFile)) : null) ?? UsualCount;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return UsualCount;
        }
    }
}
