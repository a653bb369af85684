using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// The HTTP end of one HTTP/1.1 connection, above TLS. Decides at checkout and at the first write whether an exchange may have this
/// connection, ties the exchange to it, and turns an end before the first response byte into evidence.
/// </summary>
/// <remarks>
/// <para>
/// Owned by the runtime's connection, which disposes it. One writer and one reader at a time, on different threads at times.
/// </para>
/// <para>
/// <c>_user</c> says who the connection works for: nobody yet (null), the pool has looked at it and its read is pending
/// (<see cref="s_pooled"/>), an <see cref="Exchange"/>, or nobody ever again (<see cref="s_dead"/>). It changes by compare-and-swap,
/// because of this race: the reading side sees end-of-stream and finds nobody to tell; the writing side begins an exchange in
/// that moment. If both went through, the runtime would find a silent end-of-stream and repeat the request on its own. With the swap, either the
/// exchange is bound first and gets the evidence, or the connection is dead first and the write is refused.
/// </para>
/// </remarks>
internal sealed partial class GuardedStream : Stream, IGuardedConnection, ILivenessSubject
{
    private static long s_lastId;

    // Beside the connection, because only who listens asks for it.
    private static readonly ConditionalWeakTable<GuardedStream, object> s_ids = [];

    private static readonly object s_pooled = new();
    private static readonly object s_dead = new();

    private readonly Stream _inner;
    private readonly TransportStream? _transport;
    private readonly ConnectionGuard _guard;
    private readonly long _created;

    private readonly WatchedTransport? _liveness;
    private object? _user;
    private long _lastActivity;
    private int _solicitAtSecond;
    private int _requests;
    private bool _waitedInPool;
    private bool _solicits;
    private volatile bool _detached;
    private volatile bool _reading;
    private volatile bool _disposed;
    private StatusWatch _status;

    public GuardedStream(Stream inner, TransportStream? transport, ConnectionGuard guard, OriginKnowledge origin)
    {
        _inner = inner;
        _transport = transport;
        _guard = guard;
        Origin = origin;
        _created = _lastActivity = guard.Time.GetTimestamp();
        _liveness = transport?.Listener as WatchedTransport;
        _liveness?.Carries(this);
    }

    public OriginKnowledge Origin { get; }

    /// <inheritdoc/>
    public long Id => (long)s_ids.GetValue(this, static _ => Interlocked.Increment(ref s_lastId));

    /// <inheritdoc/>
    public bool NoNewExchanges { get; set; }

    public override bool CanRead => _inner.CanRead;

    public override bool CanWrite => _inner.CanWrite;

    public override bool CanSeek => false;

    public override bool CanTimeout => _inner.CanTimeout;

    public override int ReadTimeout
    {
        get => _inner.ReadTimeout;
        set => _inner.ReadTimeout = value;
    }

    public override int WriteTimeout
    {
        get => _inner.WriteTimeout;
        set => _inner.WriteTimeout = value;
    }

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>When the last byte was read or written. A timestamp of the guard's clock.</summary>
    public long LastActivity => Volatile.Read(ref _lastActivity);

    private long IdleAgeTicks => IdleAgeTicksAt(_guard.Time.GetTimestamp());

    public override void Flush() => _inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        BeforeDispose();
        await _inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            BeforeDispose();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Touch() => Touch(_guard.Time.GetTimestamp());

    private void Touch(long now) => Volatile.Write(ref _lastActivity, now);

    // The clock is what costs most on the way of a request: it is read once for all that is asked in one moment.
    private long IdleAgeTicksAt(long now) => _guard.Time.GetElapsedTime(Volatile.Read(ref _lastActivity), now).Ticks;

    /// <summary>The one time a healthy connection is asked for the kernel's view: was it still open at this idle age?</summary>
    private void BeforeDispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        object? user = Volatile.Read(ref _user);
        bool idle = user is Exchange { IsClosed: true, Responded: true, EndsWithConnection: false } || ReferenceEquals(user, s_pooled) || _refusedForAge;
        if (_detached || !idle || _transport is null)
        {
            return;
        }

        if (!_transport.TryProbe(out TcpSnapshot info))
        {
            if (NothingHasCome(_transport.Socket))
            {
                Origin.SeenOpen(TimeSpan.FromTicks(IdleAgeTicks));
            }

            return;
        }

        if (info.State == TcpSnapshot.Established)
        {
            _guard.OnObserved(Origin, Origin.SeenOpen(TimeSpan.FromTicks(IdleAgeTicks)));
        }
        else if (info.State == TcpSnapshot.CloseWait && !_closeReported)
        {
            ReportIdleClose();
        }
    }

    /// <summary>Where there is no TCP_INFO: a FIN or a reset would make the socket readable. Without this a server timeout that was learned would never be given up there.</summary>
    private static bool NothingHasCome(Socket socket)
    {
        try
        {
            return socket.Connected && !socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
