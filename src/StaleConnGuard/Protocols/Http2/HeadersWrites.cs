using System.Runtime.InteropServices;

namespace StaleConnGuard.Protocols.Http2;

/// <summary>A write that carried the headers of one or more requests.</summary>
/// <param name="Start">When it began: before anything of it was handed down. A timestamp of the guard's clock.</param>
/// <param name="BytesBefore">Bytes that the kernel had taken before it, below TLS.</param>
/// <param name="IdleTicks">How long the connection had been idle, with no stream open; 0 when it was in use.</param>
/// <param name="RequestsBefore">Requests that had been written on the connection.</param>
/// <param name="IsReused">One of them had been answered.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct HeadersWrite(long Start, long BytesBefore, long IdleTicks, int RequestsBefore = 0, bool IsReused = false);

/// <summary>The last writes with headers, the newest first. The writer adds to them; others read when it is kept out.</summary>
internal sealed class HeadersWrites
{
    private const int Kept = 8;

    private readonly HeadersWrite[] _ring = new HeadersWrite[Kept];
    private int _total;

    public int Count => Math.Min(_total, Kept);

    /// <summary>When the newest of those began that are not kept any more; <see cref="long.MinValue"/> when all are.</summary>
    public long ForgottenUntil { get; private set; } = long.MinValue;

    /// <summary>When the last one began; <see cref="long.MinValue"/> when there was none.</summary>
    public long LastStart => _total == 0 ? long.MinValue : this[0].Start;

    /// <summary>0 is the newest.</summary>
    public HeadersWrite this[int age] => _ring[(_total - 1 - age) & (Kept - 1)];

    public void Add(in HeadersWrite write)
    {
        if (_total >= Kept)
        {
            ForgottenUntil = this[Kept - 1].Start;
        }

        // Only its low bits and whether it is large matter.
        _total = _total == int.MaxValue ? ((_total + 1) & (Kept - 1)) + Kept : _total + 1;
        _ring[(_total - 1) & (Kept - 1)] = write;
    }

    /// <summary>The first write that may have carried a request handed down at this moment; null when none has followed.</summary>
    public HeadersWrite? FirstSince(long since)
    {
        HeadersWrite? first = null;
        for (int age = 0; age < Count && this[age].Start >= since; age++)
        {
            first = this[age];
        }

        return first;
    }
}
