namespace StaleConnGuard.Lab;

/// <summary>
/// Packets on their way in one direction, in order, each with the time at which it is due. Bounded: what does not fit is lost, as in a
/// router. Used by one thread; buffers are made once and used again.
/// </summary>
internal sealed class PacketQueue
{
    private const int Capacity = 4096;
    private const int LargestPacket = 2048;

    private readonly byte[]?[] _packets = new byte[Capacity][];
    private readonly int[] _lengths = new int[Capacity];
    private readonly long[] _due = new long[Capacity];
    private int _first;
    private int _count;

    public bool IsEmpty => _count == 0;

    public bool IsFull => _count == Capacity;

    /// <summary>When the first packet is due, as a <see cref="System.Diagnostics.Stopwatch"/> timestamp; <see cref="long.MaxValue"/> when there is none.</summary>
    public long NextDue => _count == 0 ? long.MaxValue : _due[_first];

    /// <summary>The buffer that the next packet is read into. It becomes part of the queue with <see cref="Commit"/> only.</summary>
    public byte[] NextBuffer => _packets[Next] ??= new byte[LargestPacket];

    private int Next => (_first + _count) % Capacity;

    public void Commit(int length, long due)
    {
        _lengths[Next] = length;
        _due[Next] = due;
        _count++;
    }

    public ReadOnlySpan<byte> First => _packets[_first].AsSpan(0, _lengths[_first]);

    public void RemoveFirst()
    {
        _first = (_first + 1) % Capacity;
        _count--;
    }
}
