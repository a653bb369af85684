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
internal sealed class TransportStream : NetworkStream, IWatchedConnection
{
    private readonly NetworkStream? _replaced;
    private readonly SilenceWatch? _watch;

    // The largest number stands for: cannot be asked.
    private readonly ulong _acknowledgedAtConnect;
    private volatile GuardedStream? _carried;
    private SilenceMonitor? _monitor;
    private long _written;
    private volatile bool _writing;
    private volatile bool _mayReadFalseEnd;
    private volatile bool _isTunnelUnderWay;

    /// <summary>A transport that owns its socket.</summary>
    public TransportStream(Socket socket, SilenceWatch? watch = null)
        : base(socket, ownsSocket: true)
    {
        _acknowledgedAtConnect = ReadAcknowledged();
        _watch = AcknowledgedAtConnect is null ? null : watch;
        _watch?.Add(this);
    }

    /// <summary>A transport on the socket of a stream the application made; that stream is disposed with it, and decides about the socket.</summary>
    public TransportStream(NetworkStream replaced, SilenceWatch? watch = null)
        : base(replaced.Socket, ownsSocket: false)
    {
        _replaced = replaced;
        _acknowledgedAtConnect = ReadAcknowledged();
        _watch = AcknowledgedAtConnect is null ? null : watch;
        _watch?.Add(this);
    }

    /// <summary>Looks for silence of the peer; null when nobody does, or the kernel cannot be asked.</summary>
    public SilenceWatch? Watch => _watch;

    /// <summary>The HTTP/1.1 above; null when it is something else, or not known yet.</summary>
    public GuardedStream? Carried => _carried;

    /// <summary>Bytes the kernel took, never more than it really did: a write counts when it has completed.</summary>
    public long BytesWritten => Volatile.Read(ref _written);

    /// <summary>What the kernel counted as acknowledged before anything was written (it may count the SYN), or null when it cannot be asked.</summary>
    public ulong? AcknowledgedAtConnect => _acknowledgedAtConnect == ulong.MaxValue ? null : _acknowledgedAtConnect;

    /// <summary>A write is under way, and may be taking the socket's pending error this moment.</summary>
    public bool IsWriting => _writing;

    /// <summary>
    /// End-of-stream may be read though no FIN has come: a write took a reset's error, after which the kernel answers a read so, or we shut the connection down ourselves.
    /// </summary>
    public bool MayReadFalseEnd => _mayReadFalseEnd;

    /// <summary>The watch has given the connection up.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>It leads to a proxy, and the connection that will run through it has not been tied to it yet.</summary>
    public bool IsTunnelUnderWay
    {
        get => _isTunnelUnderWay;
        set => _isTunnelUnderWay = value;
    }

    /// <inheritdoc/>
    public int Place { get; set; } = -1;

    /// <summary>From now on this connection carries HTTP/1.1.</summary>
    public void Carries(GuardedStream above) => _carried = above;

    /// <inheritdoc/>
    public long Look(long now)
    {
        if (_carried is { IsDetached: false, Outstanding: null })
        {
            // What it remembers is of the exchange it saw last; the next one begins anew.
            _monitor = null;
            return SilenceWatch.Never;
        }

        _monitor ??= new SilenceMonitor(this, _watch!);
        return _monitor.Look(now);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        NoteTunnel();
        _writing = true;
        _watch?.Wake();
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
        NoteTunnel();
        _writing = true;
        _watch?.Wake();
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
        _mayReadFalseEnd = true;
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

    /// <summary>Ends the pending read of a connection that is not used any more, without a word to the peer. What is read from then on is no end of the peer's.</summary>
    public void StopReceiving()
    {
        _mayReadFalseEnd = true;
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
        _isTunnelUnderWay = false;
        if (disposing)
        {
            _watch?.Remove(this);
        }

        base.Dispose(disposing);
        if (disposing)
        {
            _replaced?.Dispose();
        }
    }

    private ulong ReadAcknowledged() => TcpInfo.TryRead(Socket, out TcpInfo info) ? info.BytesAcknowledged : ulong.MaxValue;

    private void NoteTunnel()
    {
        if (_isTunnelUnderWay && Exchange.Current is Exchange maker)
        {
            TunnelTransports.Of(maker).Add(this);
        }
    }

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
            _mayReadFalseEnd = true;
        }

        _writing = false;
    }
}
