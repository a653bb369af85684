namespace StaleConnGuard.Diagnosis;

/// <summary>The last packets of a connection, for the time line of a finding.</summary>
internal sealed class RecentPackets
{
    private const int Kept = 12;

    private readonly PacketMark[] _marks = new PacketMark[Kept];
    private long _count;

    public void Add(in PacketMark mark) => _marks[_count++ % Kept] = mark;

    /// <summary>In the order of the capture.</summary>
    public IReadOnlyList<PacketMark> ToList()
    {
        var list = new List<PacketMark>(Kept);
        for (long i = Math.Max(0, _count - Kept); i < _count; i++)
        {
            list.Add(_marks[i % Kept]);
        }

        return list;
    }
}
