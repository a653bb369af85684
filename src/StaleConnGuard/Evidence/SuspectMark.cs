using System.Runtime.InteropServices;

namespace StaleConnGuard.Evidence;

/// <summary>
/// One dead connection tells of its siblings: whatever took it took those too that have been idle since before the moment it was found out.
/// They are suspects until they are gone, or one of them answers. A mutable struct, to be used where it stands. Thread-safe; asking costs one volatile read.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct SuspectMark
{
    // Timestamps begin at 0, so this covers nothing.
    private long _before;

    /// <summary>Whether a connection that was last active at this moment is a suspect. Timestamps of the guard's clock.</summary>
    public bool Covers(long lastActivity) => lastActivity < Volatile.Read(ref _before);

    /// <summary>A connection was found dead when this moment's bytes were not acknowledged.</summary>
    public void FoundDead(long moment)
    {
        long current = Volatile.Read(ref _before);
        while (moment > current)
        {
            long seen = Interlocked.CompareExchange(ref _before, moment, current);
            if (seen == current)
            {
                return;
            }

            current = seen;
        }
    }

    /// <summary>A connection answered that had been idle since this moment. Those that have been idle for longer remain suspects.</summary>
    public void FoundAlive(long idleSince)
    {
        long current = Volatile.Read(ref _before);
        while (idleSince < current)
        {
            long seen = Interlocked.CompareExchange(ref _before, idleSince, current);
            if (seen == current)
            {
                return;
            }

            current = seen;
        }
    }
}
