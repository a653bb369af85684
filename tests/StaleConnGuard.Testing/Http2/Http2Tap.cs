using System.Diagnostics;

namespace StaleConnGuard.Testing;

/// <summary>Sees below the guard how many connections a client makes, and when something that may be a request was last written on the first.</summary>
internal sealed class Http2Tap
{
    private int _connections;
    private long _written;

    public int Connections => Volatile.Read(ref _connections);

    public long HeadersWrittenOnFirst => Volatile.Read(ref _written);

    public void Attach(SocketsHttpHandler sockets) => sockets.PlaintextStreamFilter = (context, _) =>
        ValueTask.FromResult(Interlocked.Increment(ref _connections) == 1 ? new HookedStream(context.PlaintextStream, _ =>
        {
            Volatile.Write(ref _written, Stopwatch.GetTimestamp());
            return Task.CompletedTask;
        }) : context.PlaintextStream);
}
