using System.Net.Sockets;

namespace StaleConnGuard.Kernel;

/// <summary>
/// The socket end of one connection, below TLS. Counts the bytes that the kernel took from us, so that the kernel's count of
/// acknowledged bytes can be compared with it when a connection ends. Writes come one at a time, as HTTP/1.1 and
/// <see cref="System.Net.Security.SslStream"/> make them; reads pass straight through.
/// </summary>
/// <remarks>
/// Derives from <see cref="NetworkStream"/> so that the runtime still finds the peer's address for its metrics. One is held for each pooled
/// connection, so what only few need is made when it is needed.
/// </remarks>
internal sealed class TransportStream : NetworkStream
{
    private readonly NetworkStream? _replaced;
    private readonly ITcpProbe _probe;

    private volatile ITransportListener? _listener;
    private long _written;
    private volatile bool _writing;
    private volatile bool _eofMayBeSpurious;

    /// <summary>A transport that owns its socket.</summary>
    public TransportStream(Socket socket, ITcpProbe? probe = null)
        : base(socket, ownsSocket: true)
    {
        _probe = ProbeOf(socket, probe);
        AcknowledgedAtConnect = ReadAcknowledged();
    }

    /// <summary>A transport on the socket of a stream the application made; that stream is disposed with it, and decides about the socket.</summary>
    public TransportStream(NetworkStream replaced, ITcpProbe? probe = null)
        : base(replaced.Socket, ownsSocket: false)
    {
        _replaced = replaced;
        _probe = ProbeOf(replaced.Socket, probe);
        AcknowledgedAtConnect = ReadAcknowledged();
    }

    /// <summary>Who is told of writes and of the end; null when nobody is. Set before the transport is used, or by who was told last.</summary>
    public ITransportListener? Listener
    {
        get => _listener;
        set => _listener = value;
    }

    /// <summary>Bytes the kernel took, never more than it really did: a write counts when it has completed.</summary>
    public long BytesWritten => Volatile.Read(ref _written);

    /// <summary>What the kernel counted as acknowledged before anything was written (it may count the SYN), or null when it cannot be asked.</summary>
    public ulong? AcknowledgedAtConnect { get; }

    /// <summary>A write is under way, and may be taking the socket's pending error this moment.</summary>
    public bool IsWriting => _writing;

    /// <summary>
    /// End-of-stream may be read though no FIN has come: a write took a reset's error, after which the kernel answers a read so, or we shut the connection down ourselves.
    /// </summary>
    public bool EofMayBeSpurious => _eofMayBeSpurious;

    /// <summary>The watch has given the connection up.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>The kernel says that an end or a reset has come: whoever reads will find it.</summary>
    public bool IsOver => TryProbe(out TcpSnapshot snapshot) && snapshot.State != TcpSnapshot.Established;

    /// <summary>The kernel's view of this connection now; false when it cannot be had.</summary>
    public bool TryProbe(out TcpSnapshot snapshot) => _probe.TryRead(Socket, out snapshot);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _writing = true;
        _listener?.BeforeWrite();
        ValueTask write;
        try
        {
            write = base.WriteAsync(buffer, cancellationToken);
        }
        catch (Exception e)
        {
            NoteFailure(e);
            throw;
        }

        if (!write.IsCompletedSuccessfully)
        {
            return WaitForWriteAsync(write, buffer.Length);
        }

        write.GetAwaiter().GetResult();
        NoteSuccess(buffer.Length);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _writing = true;
        _listener?.BeforeWrite();
        try
        {
            // NetworkStream copies spans for every class derived from it; the socket takes them as they are.
            Socket.Send(buffer, SocketFlags.None);
        }
        catch (SocketException e)
        {
            NoteFailure(e);
            throw new IOException($"Unable to write data to the transport connection: {e.Message}", e);
        }
        catch (Exception e)
        {
            NoteFailure(e);
            throw;
        }

        NoteSuccess(buffer.Length);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void WriteByte(byte value) => Write([value]);

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return Socket.Receive(buffer, SocketFlags.None);
        }
        catch (SocketException e)
        {
            throw new IOException($"Unable to read data from the transport connection: {e.Message}", e);
        }
    }

    /// <summary>
    /// <see cref="System.Net.Security.SslStream"/> hides the stream below it, but flushes it: the one moment at which the transport
    /// can say "here I am" to whoever asks from the same thread.
    /// </summary>
    public override void Flush() => TransportLink.Announce(this);

    /// <summary>
    /// Ends the connection so that whoever waits on it learns it at once, and so that closing it throws away what the kernel still holds: a path that
    /// comes back must not deliver the request after all.
    /// </summary>
    public void Abort()
    {
        IsAborted = true;
        _eofMayBeSpurious = true;
        try
        {
            Socket.LingerState = new LingerOption(enable: true, seconds: 0);
            Socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Everything that was written has been acknowledged by the peer's kernel.</summary>
    public bool IsAllAcknowledged(in TcpSnapshot snapshot) =>
        !_writing && AcknowledgedAtConnect is ulong before && snapshot.BytesAcknowledged - before >= (ulong)BytesWritten;

    /// <summary>
    /// Has closing end the connection by a reset behind the FIN, so that its port is free at once and not after TIME_WAIT. Only for a connection that nothing more is to come from,
    /// and of which all that was written has been acknowledged: the kernel throws away what it still holds.
    /// </summary>
    public void KeepNoPort()
    {
        try
        {
            Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>
    /// What a read of the bare socket of a connection that is lost anyway answers: 0 at its end, 1 when a byte was there; null when it fails, or nothing comes.
    /// </summary>
    /// <param name="patience">How long it waits.</param>
    /// <param name="blocking">The returned task has completed then.</param>
    public async ValueTask<int?> ReadForTheEndAsync(TimeSpan patience, bool blocking)
    {
        byte[] one = new byte[1];
        try
        {
            if (blocking)
            {
                return Socket.Poll(patience, SelectMode.SelectRead) ? Read(one.AsSpan()) : null;
            }

            using var over = new CancellationTokenSource(patience);
            return await ReadAsync(one, over.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // On a machine that stalls the time is over before anybody has looked.
            return ReadWhatIsThere(one);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private int? ReadWhatIsThere(Span<byte> buffer)
    {
        try
        {
            return Socket.Poll(TimeSpan.Zero, SelectMode.SelectRead) ? Read(buffer) : null;
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Ends the pending read of a connection that is not used any more, without a word to the peer. What is read from then on is no end of the peer's.</summary>
    public void StopReceiving()
    {
        _eofMayBeSpurious = true;
        try
        {
            Socket.Shutdown(SocketShutdown.Receive);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _listener?.Disposed();
        }

        base.Dispose(disposing);
        if (disposing)
        {
            _replaced?.Dispose();
        }
    }

    // Of Multipath TCP the kernel describes one path, and bytes that went by another are not in its count.
    private static ITcpProbe ProbeOf(Socket socket, ITcpProbe? probe) => TcpSnapshot.IsMultipath(socket) ? SilentProbe.Instance : probe ?? KernelProbe.Instance;

    private ulong? ReadAcknowledged() => TryProbe(out TcpSnapshot snapshot) ? snapshot.BytesAcknowledged : null;

    private async ValueTask WaitForWriteAsync(ValueTask write, int count)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            NoteFailure(e);
            throw;
        }

        NoteSuccess(count);
    }

    private void NoteSuccess(int count)
    {
        Volatile.Write(ref _written, _written + count);
        _writing = false;
    }

    // EPIPE as the first error means that a FIN came before the reset (the kernel reports ECONNRESET otherwise): the FIN stays readable.
    private void NoteFailure(Exception e)
    {
        if (e.GetBaseException() is not SocketException { SocketErrorCode: SocketError.Shutdown })
        {
            _eofMayBeSpurious = true;
        }

        _writing = false;
    }
}
