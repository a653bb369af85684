namespace StaleConnGuard.Pipeline;

/// <summary>
/// A sum that every request adds to and only a retry takes from: a cell for each processor, a cache line apart. With one cell for all, the line would go from one
/// processor to the other with each request. Thread-safe.
/// </summary>
internal sealed class Earnings
{
    // The line of most processors; some fetch two at a time, which is not worth twice the memory.
    private const int CellsPerLine = 64 / sizeof(long);
    private const int MostStripes = 8;

    private static readonly int s_mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, MostStripes)) - 1;

    // The first line is left to the array's own header.
    private readonly long[] _cells = new long[(s_mask + 2) * CellsPerLine];

    public void Add(long units) => Interlocked.Add(ref _cells[((Thread.GetCurrentProcessorId() & s_mask) + 1) * CellsPerLine], units);

    /// <summary>All that has been added and not been taken yet. What is added meanwhile is taken now or the next time.</summary>
    public long TakeAll()
    {
        long sum = 0;
        for (int stripe = 0; stripe <= s_mask; stripe++)
        {
            sum += Interlocked.Exchange(ref _cells[(stripe + 1) * CellsPerLine], 0);
        }

        return sum;
    }
}
