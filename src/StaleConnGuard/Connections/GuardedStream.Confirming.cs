namespace StaleConnGuard;

/// <content>
/// Before a body that can be read once is touched on a connection that has been idle: has the server's side taken the headers? One round
/// trip tells what would otherwise be found out when the body is spent.
/// </content>
internal sealed partial class GuardedStream
{
    // No server closes connections that are idle for less.
    private static readonly TimeSpan s_idleEnoughToAsk = KeepAliveDefaults.MinServerTimeout;

    // A server that has not acknowledged by then is slow or gone; the body goes out as it would have without the guard.
    private static readonly TimeSpan s_confirmPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_confirmStep = TimeSpan.FromMilliseconds(1);

    /// <summary>Returns when the server's kernel has acknowledged bytes of this exchange, when the exchange has ended, or when neither can be known.</summary>
    public async ValueTask WaitUntilTakenAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        if (!exchange.IsReused || exchange.IdleAgeTicks < s_idleEnoughToAsk.Ticks || _transport?.AcknowledgedAtConnect is not ulong baseline)
        {
            return;
        }

        ulong before = baseline + (ulong)exchange.BytesWrittenBefore;
        long started = _guard.Time.GetTimestamp();
        while (!exchange.HasEnded && !exchange.Responded && !_disposed && _guard.Time.GetElapsedTime(started) < s_confirmPatience)
        {
            if (!TcpInfo.TryRead(_transport.Socket, out TcpInfo info) || info.BytesAcknowledged > before)
            {
                return;
            }

            if (info.State != TcpInfo.Established && !_reading)
            {
                // Nobody else is reading, so nobody else would find the end.
                await LookForTheEndAsync(exchange).ConfigureAwait(false);
                return;
            }

            await Task.Delay(s_confirmStep, _guard.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}
