using System.Net.Sockets;

namespace StaleConnGuard.Protocols.Http1;

/// <content>
/// Before a body that can be read once is touched on a connection that has been idle: has the server's side taken the headers? One round
/// trip tells what would otherwise be found out when the body is spent. A FIN that crossed with the headers comes before their acknowledgement, however slow the way.
/// </content>
internal sealed partial class GuardedStream
{
    // No server closes connections that are idle for less.
    private static readonly TimeSpan s_idleEnoughToAsk = KeepAliveDefaults.MinServerTimeout;

    // A server that has not acknowledged by then is slow or gone; the body goes out as it would have without the guard.
    private static readonly TimeSpan s_confirmPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_confirmStep = TimeSpan.FromMilliseconds(1);

    // The next write is the headers of a body that is kept back.
    private bool _asksForAcknowledgement;

    /// <summary>Returns when the server's kernel has acknowledged bytes of this exchange, when the exchange has ended, or when neither can be known.</summary>
    public async ValueTask WaitUntilTakenAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        if (!IsWorthAsking(exchange))
        {
            return;
        }

        ulong before = exchange.Binding!.Mark.AcknowledgedBefore!.Value;
        long started = _guard.Time.GetTimestamp();
        while (!exchange.HasEnded && !exchange.Responded && !_disposed && _guard.Time.GetElapsedTime(started) < s_confirmPatience)
        {
            if (!_transport!.TryProbe(out TcpSnapshot info))
            {
                return;
            }

            bool isOpen = info.State == TcpSnapshot.Established;
            if (isOpen && info.BytesAcknowledged > before)
            {
                return;
            }

            if (!isOpen && !_reading)
            {
                // Nobody else is reading, so nobody else would find the end.
                await LookForTheEndAsync(exchange).ConfigureAwait(false);
                return;
            }

            await Task.Delay(s_confirmStep, _guard.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool IsWorthAsking(Exchange exchange) =>
        exchange.IsReused && exchange.IdleAgeTicks >= s_idleEnoughToAsk.Ticks && _transport?.AcknowledgedAtConnect is not null;

    private void PlanConfirmation(Exchange exchange)
    {
        if (exchange.Traits.Has(ExchangeTraits.IsOneShot) && exchange.Traits.Has(ExchangeTraits.HasStandIn) && exchange.Settings.ConfirmOneShotBody && IsWorthAsking(exchange))
        {
            _asksForAcknowledgement = SendsAtOnce(_transport!.Socket);
        }
    }

    /// <summary>
    /// In two segments, the last byte in the second. A kernel that has carried some exchanges on a connection keeps an acknowledgement back (Linux for 40 ms) for the answer to carry; of
    /// two small segments it lets go as soon as the server has read them.
    /// </summary>
    private async ValueTask WriteInTwoAsync(ReadOnlyMemory<byte> headers, CancellationToken cancellationToken)
    {
        _asksForAcknowledgement = false;
        await _inner.WriteAsync(headers[..^1], cancellationToken).ConfigureAwait(false);
        await _inner.WriteAsync(headers[^1..], cancellationToken).ConfigureAwait(false);
    }

    private void WriteInTwo(ReadOnlySpan<byte> headers)
    {
        _asksForAcknowledgement = false;
        _inner.Write(headers[..^1]);
        _inner.Write(headers[^1..]);
    }

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
