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

    /// <summary>When the last byte of a response was read, as a <see cref="Stopwatch"/> timestamp.</summary>
    public long LastByteRead => Volatile.Read(ref _lastByteRead);

    public int ConnectionsOpened => Volatile.Read(ref _connectionsOpened);

    /// <summary>How often bytes of a request were written on a reused connection that then ended before a byte of a response.</summary>
    public int Lost => Volatile.Read(ref _lost);

    public void Attach(SocketsHttpHandler handler) =>
        handler.PlaintextStreamFilter = (context, cancellationToken) =>
        {
            _ = Interlocked.Increment(ref _connectionsOpened);
            return new ValueTask<Stream>(new TappedStream(context.PlaintextStream, this));
        };

    internal void Read() => Volatile.Write(ref _lastByteRead, Stopwatch.GetTimestamp());

    internal void Lose() => Interlocked.Increment(ref _lost);
}
