using System.Net.Sockets;

namespace StaleConnGuard.Protocols.Http1;

/// <content>Connections that die without a word.</content>
internal sealed partial class GuardedStream
{
    /// <summary>The connection carries something else than HTTP by now.</summary>
    public bool IsDetached => _detached;

    /// <summary>The exchange that waits for its answer, or has its body still written, on this connection. Called by the watch.</summary>
    public Exchange? Outstanding =>
        Volatile.Read(ref _user) is Exchange { IsClosed: false } exchange && (!exchange.Responded || _transport is { IsWriting: true }) ? exchange : null;

    /// <summary>
    /// The watch has found that the peer acknowledges nothing. False when an answer has begun, or the exchange has ended otherwise. The
    /// caller ends the connection then: the record must stand before the request learns of it.
    /// </summary>
    public bool EndInSilence(Exchange exchange, TimeSpan silentFor)
    {
        if (!exchange.TryDeclareSilent(silentFor))
        {
            return false;
        }

        Origin.Suspects.FoundDead(exchange.Binding!.BeganAt);
        exchange.RecordEnd(ConnectionEnd.Silence, exchange.Root is null ? Delivery.Unknown : Delivery.ResponseStarted);
        return true;
    }

    /// <summary>Has the watch look soon at a connection that was taken again after a pause.</summary>
    private void SuspectAfterPause(Exchange exchange)
    {
        if (exchange.IdleAgeTicks < SilenceSettings.EarlyFromTicks || _liveness?.Watch is not { Settings.SuspectsEarly: true } watch)
        {
            return;
        }

        exchange.Suspect(WouldBeReplayed(exchange));
        watch.Hurry();
    }

    // Asked here, on the request's own thread: what it looks at is not for other threads.
    private static bool WouldBeReplayed(Exchange exchange)
    {
        RequestAttempts? attempts = exchange.Request is HttpRequestMessage request ? RequestAttempts.Find(request) : null;
        return ReplayRule.Decide(new ReplayFacts
        {
            Delivery = Delivery.Unknown,
            IsReused = true,
            IsCancelled = false,
            IsSafeToRepeat = RepeatSafety.IsSafeToRepeat(exchange.Request),
            CanBodyBeSent = exchange.CanBodyBeSentAgain,
            Replays = attempts?.Replays ?? 0,
            IsUnprovenReplaySpent = attempts?.UnprovenReplaySpent ?? false,
            MaxReplays = exchange.Settings.MaxReplays,
            UnsafeReplay = exchange.Settings.UnsafeReplay,
        }).IsReplay();
    }

    /// <summary>The connection failed under an exchange that has got no answer.</summary>
    private void RecordFailure(Exchange exchange, Exception e)
    {
        bool silence = IsSilence(e);
        if (silence)
        {
            Origin.Suspects.FoundDead(exchange.Binding!.BeganAt);
        }

        exchange.RecordEnd(silence ? ConnectionEnd.Silence : ConnectionEnd.Reset, exchange.Root is null ? Delivery.Unknown : Delivery.ResponseStarted);
    }

    /// <summary>What the runtime makes of a connection that the watch has ended is not what happened.</summary>
    private void ThrowIfSilent()
    {
        if (Volatile.Read(ref _user) is Exchange { IsSilent: true })
        {
            throw ConnectionEndedException.Silent();
        }
    }

    /// <summary>The kernel gave up: what it sent again and again, or its probes, were not acknowledged.</summary>
    private static bool IsSilence(Exception e) =>
        e.GetBaseException() is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable };
}
