namespace StaleConnGuard;

/// <content>
/// Before a body that can be read once is touched on a connection that has been idle: has the server's side taken the headers? One round
/// trip tells what would otherwise be found out when the body is spent.
/// </content>
internal sealed partial class GuardedStream
{
    // No server closes connections that are idle for less.
    private static readonly TimeSpan s_idleEnoughToAsk = KeepAliveDefaults.MinServerTimeout;

    // Where nothing is known of the round trip, and for what the reading side is about to find.
    private static readonly TimeSpan s_confirmPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_confirmStep = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_jitter = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Returns when the server's kernel has acknowledged bytes of this exchange, when the exchange has ended, when the end would have come by now, or when none of it can be known.
    /// </summary>
    public async ValueTask WaitUntilTakenAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        if (!exchange.IsReused || exchange.IdleAgeTicks < s_idleEnoughToAsk.Ticks || _transport?.AcknowledgedAtConnect is not ulong baseline)
        {
            return;
        }

        ulong before = baseline + (ulong)exchange.BytesWrittenBefore;
        long started = _guard.Time.GetTimestamp();
        while (!exchange.HasEnded && !exchange.Responded && !_disposed)
        {
            // The clock first: what the kernel says is then at least as late.
            TimeSpan waited = _guard.Time.GetElapsedTime(started);
            if (!TcpInfo.TryRead(_transport.Socket, out TcpInfo info))
            {
                return;
            }

            bool isOpen = info.State == TcpInfo.Established;
            if (isOpen ? info.BytesAcknowledged > before || waited > PatienceWith(info) : waited > s_confirmPatience)
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

    /// <summary>
    /// A kernel may keep an acknowledgement back (Linux 40 ms) for the answer to carry. But a FIN that crossed with the headers has left before they arrived, so it is here one round
    /// trip after they left. Half as much again and a bit, for a network that is not even.
    /// </summary>
    private static TimeSpan PatienceWith(in TcpInfo info) =>
        info.ShortestRoundTrip is { } roundTrip && (1.5 * roundTrip) + s_jitter < s_confirmPatience ? (1.5 * roundTrip) + s_jitter : s_confirmPatience;
}
