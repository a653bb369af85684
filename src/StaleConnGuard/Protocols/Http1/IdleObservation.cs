using System.Net.Sockets;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>What one connection teaches while it is in the pool: that the server had it open at some idle age, or closed it.</summary>
/// <remarks>
/// Threads: the reading side while the connection is in the pool, the request that refuses it, and who disposes it, one after the other.
/// </remarks>
internal sealed class IdleObservation(Http1Connection connection, ResponseReader responses)
{
    private bool _refusedForAge;
    private bool _closeReported;

    /// <summary>
    /// The one place that decides whether the connection is in the pool, because only connections that are idle there teach. The pool does not say
    /// when it gets one back; what has been written and read does: the last request has been sent whole, its response has come to its end, and
    /// neither side has said that the connection ends with it. A body that is being read, or was given up half way, a tunnel, a
    /// response that ends with its connection: none of them is idle, however quiet. Or the pool has just looked at it.
    /// </summary>
    public bool IsInPool(object? user) =>
        ConnectionUser.IsPool(user)
        || (user is Exchange { Responded: true, IsContentRunning: false }
            && responses.LeftConnectionIdle
            && !connection.NoNewExchanges
            && connection.Transport is not { IsWriting: true });

    /// <summary>The guard did not give it to a request, because of its age: until then the server had it open.</summary>
    public void NoteRefusedForAge() => _refusedForAge = true;

    /// <summary>A read has found that the server closed the connection while it was in the pool.</summary>
    public void ReportClose()
    {
        _closeReported = true;
        TimeSpan idleAge = connection.Clock.IdleAge;
        OriginKnowledge origin = connection.Origin;
        if (connection.Transport is TransportStream transport
            && transport.TryProbe(out TcpSnapshot info)
            && info.State == TcpSnapshot.CloseWait
            && info.LastAckReceived <= idleAge)
        {
            // The last segment that came is the FIN, and the kernel knows when: however late we look, the age is exact. It also knows when the last byte
            // came, which a thread that was held up took note of late; unless a goodbye beneath TLS came with the FIN.
            TimeSpan since = info.LastDataReceived > idleAge ? info.LastDataReceived : idleAge;
            connection.Guard.Events.IdleConnectionClosed(
                origin, new IdleClose(since - info.LastAckReceived, IsExact: true, SinceClosed: info.LastAckReceived, RoundTrip: info.LongRoundTrip));
            return;
        }

        connection.Guard.Events.IdleConnectionClosed(origin, new IdleClose(idleAge, IsExact: false));
    }

    /// <summary>A read has failed while the connection was in the pool: when that happened is not known to the instant.</summary>
    public void ReportFailure()
    {
        connection.Guard.Events.IdleConnectionClosed(connection.Origin, new IdleClose(connection.Clock.IdleAge, IsExact: false));
        _closeReported = true;
    }

    /// <summary>The one time a healthy connection is asked for the kernel's view: was it still open at this idle age?</summary>
    public void BeforeDispose()
    {
        if (!(IsInPool(connection.User.Current) || _refusedForAge) || connection.Transport is not TransportStream transport)
        {
            return;
        }

        OriginKnowledge origin = connection.Origin;
        if (!transport.TryProbe(out TcpSnapshot info))
        {
            if (NothingHasCome(transport.Socket))
            {
                connection.Guard.Events.SeenOpen(origin, connection.Clock.IdleAge, answered: false);
            }

            return;
        }

        if (info.State == TcpSnapshot.Established)
        {
            connection.Guard.Events.SeenOpen(origin, connection.Clock.IdleAge, answered: false);
            if (!connection.Guard.Ports.TryKeep() && transport.IsAllAcknowledged(info))
            {
                transport.KeepNoPort();
            }
        }
        else if (info.State == TcpSnapshot.CloseWait && !_closeReported)
        {
            ReportClose();
        }
    }

    /// <summary>
    /// Where there is no TCP_INFO: a FIN or a reset would make the socket readable. Without this a server timeout that was learned would never be
    /// given up there.
    /// </summary>
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
