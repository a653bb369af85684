using System.Net.Sockets;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// Before a body that can be read once is touched on a connection that has been idle: has the server's side taken the headers? One round
/// trip tells what would otherwise be found out when the body is spent. A FIN that crossed with the headers comes before their acknowledgement, however
/// slow the way.
/// </summary>
/// <remarks>Threads: the writing side, which also runs the content that waits here.</remarks>
internal sealed class AcknowledgementGate(Stream inner, Http1Connection connection, EndDetection ends)
{
    // No server closes connections that are idle for less.
    private static readonly TimeSpan s_idleEnoughToAsk = KeepAliveDefaults.MinServerTimeout;

    // A server that has not acknowledged by then is slow or gone; the body goes out as it would have without the guard.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(1);

    /// <summary>The write that comes next is the headers of a body that is kept back: to be written by <see cref="WriteHeadersAsync"/>.</summary>
    public bool IsDue { get; private set; }

    /// <inheritdoc cref="IGuardedConnection.WaitUntilTakenAsync"/>
    public async ValueTask WaitUntilTakenAsync(Exchange exchange, bool blocking, CancellationToken cancellationToken)
    {
        if (!IsWorthAsking(exchange))
        {
            return;
        }

        TimeProvider time = connection.Guard.Time;
        ulong before = exchange.Binding!.Mark.AcknowledgedBefore!.Value;
        long started = time.GetTimestamp();
        while (!exchange.HasEnded && !exchange.Responded && !connection.IsDisposed)
        {
            if (!connection.Transport!.TryProbe(out TcpSnapshot info))
            {
                return;
            }

            bool isOpen = info.State == TcpSnapshot.Established;
            if (isOpen && info.BytesAcknowledged > before)
            {
                return;
            }

            if (!isOpen && !ends.IsReading)
            {
                // Nobody else is reading, so nobody else would find the end.
                await ends.LookForTheEndAsync(exchange, blocking).ConfigureAwait(false);
                return;
            }

            // Of one that is over the reading side finds the end as soon as it gets a thread.
            if (time.GetElapsedTime(started) >= (isOpen ? s_patience : LateEnd.LongestWait))
            {
                return;
            }

            await Pause.ForAsync(s_step, time, blocking, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>An exchange begins on a reused connection: are its headers to be acknowledged before its body is touched?</summary>
    public void Plan(Exchange exchange)
    {
        if (exchange.Traits is { IsOneShot: true, HasStandIn: true } && exchange.Settings.ConfirmOneShotBody && IsWorthAsking(exchange))
        {
            IsDue = SendsAtOnce(connection.Transport!.Socket);
        }
    }

    /// <summary>
    /// In two segments, the last byte in the second. A kernel that has carried some exchanges on a connection keeps an acknowledgement back (Linux for 40 ms)
    /// for the answer to carry; of two small segments it lets go as soon as the server has read them.
    /// </summary>
    public async ValueTask WriteHeadersAsync(ReadOnlyMemory<byte> headers, CancellationToken cancellationToken)
    {
        IsDue = false;
        await inner.WriteAsync(headers[..^1], cancellationToken).ConfigureAwait(false);
        await inner.WriteAsync(headers[^1..], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same, synchronously.</summary>
    public void WriteHeaders(ReadOnlySpan<byte> headers)
    {
        IsDue = false;
        inner.Write(headers[..^1]);
        inner.Write(headers[^1..]);
    }

    // Where the server's timeout is known, connections near it are not taken, and all others are open: there is nothing to ask.
    private bool IsWorthAsking(Exchange exchange) =>
        exchange.IsReused
        && exchange.IdleAgeTicks >= s_idleEnoughToAsk.Ticks
        && connection.Transport?.AcknowledgedAtConnect is not null
        && exchange.Settings.MayRace(connection.Origin, exchange.IdleAgeTicks)
        && !GrpcContent.Is(exchange.Request?.Content);

    // With Nagle's algorithm the second segment would wait for the very acknowledgement that it is to bring about.
    private static bool SendsAtOnce(Socket socket)
    {
        try
        {
            return socket.NoDelay;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
