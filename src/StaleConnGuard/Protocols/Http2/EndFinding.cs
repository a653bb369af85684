using System.Globalization;

namespace StaleConnGuard.Protocols.Http2;

/// <summary>Finds out, at end-of-stream, how a connection ended and what the server's side had taken. The writer is kept out meanwhile and from then on.</summary>
internal static class EndFinding
{
    /// <summary>Until when requests may have been received: the start of the last write with headers of which the server's kernel acknowledged a byte.</summary>
    public static async ValueTask<(ConnectionEnd How, long TakenUntil)> TakenUntilAsync(HeadersWrites writes, TransportStream? transport, TimeProvider time)
    {
        ConnectionEnd how = ConnectionEnd.EndOfStream;
        for (int age = 0; age < writes.Count; age++)
        {
            // Nobody adds to them any more.
            HeadersWrite write = writes[age];
            var mark = new SendMark(write.BytesBefore, transport?.AcknowledgedAtConnect);
            (how, Delivery delivery) = await DeliveryProof.AfterEndOfStreamAsync(transport, mark, time).ConfigureAwait(false);
            if (how is ConnectionEnd.Reset)
            {
                return (how, long.MaxValue);
            }

            if (delivery is not Delivery.ProvenUndelivered)
            {
                return (how, write.Start);
            }
        }

        return (how, writes.ForgottenUntil);
    }

    /// <summary>What is said of it, with what the kernel counted.</summary>
    public static string Describe(ConnectionEnd how, TransportStream? transport)
    {
        if (how is ConnectionEnd.Reset)
        {
            return "The HTTP/2 connection was reset.";
        }

        if (transport?.AcknowledgedAtConnect is not ulong atConnect || !transport.TryProbe(out TcpSnapshot info))
        {
            return "The server closed the HTTP/2 connection.";
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"The server closed the HTTP/2 connection, and had acknowledged {info.BytesAcknowledged - atConnect} of {transport.BytesWritten} bytes.");
    }

    /// <summary>A connection that was in the pool has been closed; the kernel may know since when.</summary>
    public static IdleClose IdleCloseAt(TimeSpan idleAge, TransportStream? transport) =>
        transport is not null && transport.TryProbe(out TcpSnapshot info) && info.State == TcpSnapshot.CloseWait && info.LastAckReceived <= idleAge
            ? new IdleClose(idleAge - info.LastAckReceived, IsExact: true, SinceClosed: info.LastAckReceived, RoundTrip: info.LongRoundTrip)
            : new IdleClose(idleAge, IsExact: false);
}
