using System.Diagnostics;

namespace StaleConnGuard.Racing;

/// <summary>
/// What one worker's client did on the wire, seen from outside: it sits between the handler and the connection (above TLS) and changes
/// nothing. One client, one request at a time; so every count belongs to the request under way.
/// </summary>
internal sealed class WireTap
{
    private long _lastByteRead;
    private int _connectionsOpened;
    private int _lost;
    private long _firstLoss;
    private long _lossToConnection;

    /// <summary>When the last byte of a response was read, as a <see cref="Stopwatch"/> timestamp.</summary>
    public long LastByteRead => Volatile.Read(ref _lastByteRead);

    public int ConnectionsOpened => Volatile.Read(ref _connectionsOpened);

    /// <summary>How often bytes of a request were written on a reused connection that then ended before a byte of a response.</summary>
    public int Lost => Volatile.Read(ref _lost);

    /// <summary>From the first loss since <see cref="BeginRequest"/> to the next connection that was open; null when one of them is missing.</summary>
    public TimeSpan? LossToConnection => Volatile.Read(ref _lossToConnection) is not 0 and var ticks ? Stopwatch.GetElapsedTime(0, ticks) : null;

    /// <summary>From a timestamp to the first loss since <see cref="BeginRequest"/>; null when there was none.</summary>
    public TimeSpan? LossAfter(long start) => Volatile.Read(ref _firstLoss) is not 0 and var loss ? Stopwatch.GetElapsedTime(start, loss) : null;

    public void BeginRequest()
    {
        Volatile.Write(ref _firstLoss, 0);
        Volatile.Write(ref _lossToConnection, 0);
    }

    public void Attach(SocketsHttpHandler handler) =>
        handler.PlaintextStreamFilter = (context, cancellationToken) =>
        {
            NoteConnection();
            return new ValueTask<Stream>(new TappedStream(context.PlaintextStream, this));
        };

    internal void Read() => Volatile.Write(ref _lastByteRead, Stopwatch.GetTimestamp());

    internal void Lose()
    {
        _ = Interlocked.CompareExchange(ref _firstLoss, Stopwatch.GetTimestamp(), 0);
        _ = Interlocked.Increment(ref _lost);
    }

    private void NoteConnection()
    {
        _ = Interlocked.Increment(ref _connectionsOpened);
        if (Volatile.Read(ref _firstLoss) is not 0 and var loss)
        {
            _ = Interlocked.CompareExchange(ref _lossToConnection, Stopwatch.GetTimestamp() - loss, 0);
        }
    }
}
