using System.Buffers;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>When the head of a request asks the server for its keep-alive timeout: with the first of a connection, and again after a while.</summary>
/// <remarks>Threads: the writing side.</remarks>
internal sealed class Solicitation
{
    private int _nextAtSecond;

    /// <summary>The write that comes next is a head that asks.</summary>
    public bool IsDue { get; private set; }

    /// <summary>The head of this exchange asks the server for its timeout, if it is time to.</summary>
    public void Plan(Exchange exchange)
    {
        if (exchange.ConnectionAgeTicks >= _nextAtSecond * TimeSpan.TicksPerSecond && exchange.Settings.SolicitHint && exchange.Request is not null)
        {
            _nextAtSecond = (int)((exchange.ConnectionAgeTicks + KeepAliveSolicitation.AskAgainAfter) / TimeSpan.TicksPerSecond);
            IsDue = true;
        }
    }

    /// <summary>The head with the question in it, in a rented buffer; null when there is no place for it.</summary>
    public byte[]? AskIn(ReadOnlySpan<byte> head, out int length)
    {
        IsDue = false;
        return KeepAliveSolicitation.InsertInto(head, out length);
    }

    /// <summary>Only after it was written whole: a write that failed may have left its buffer with somebody.</summary>
    public static void Return(byte[]? asked)
    {
        if (asked is not null)
        {
            ArrayPool<byte>.Shared.Return(asked);
        }
    }
}
