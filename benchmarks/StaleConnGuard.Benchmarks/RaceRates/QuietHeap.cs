using System.Runtime;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// Keeps the collector still while a race is on, as far as the machine has the memory for it: a collection stops every client at once, for as long as
/// half a round trip.
/// </summary>
internal sealed class QuietHeap : IDisposable
{
    private const long Room = 1L << 30;

    private readonly int _before;

    public QuietHeap()
    {
        GC.Collect();
        try
        {
            _ = GC.TryStartNoGCRegion(Room);
        }
        catch (ArgumentOutOfRangeException)
        {
            // More than this machine's collector can keep free. Then it runs, and is counted.
        }

        _before = GC.CollectionCount(0);
    }

    /// <summary>How often it ran all the same.</summary>
    public int Collections => GC.CollectionCount(0) - _before;

    public void Dispose()
    {
        if (GCSettings.LatencyMode is GCLatencyMode.NoGCRegion)
        {
            GC.EndNoGCRegion();
        }
    }
}
