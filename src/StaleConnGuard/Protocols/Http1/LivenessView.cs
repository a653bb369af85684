namespace StaleConnGuard.Protocols.Http1;

/// <summary>One connection as the watch for silent peers sees it.</summary>
/// <remarks>Threads: the watch's own; <see cref="SuspectAfterPause"/> is called by the writing side. It has no state but the exchange's.</remarks>
internal sealed class LivenessView : ILivenessSubject
{
    private readonly Http1Connection _connection;
    private readonly ResponseReader _responses;
    private readonly LivenessWatch? _watch;

    public LivenessView(Http1Connection connection, ResponseReader responses)
    {
        _connection = connection;
        _responses = responses;
        var watched = connection.Transport?.Listener as WatchedTransport;
        _watch = watched?.Watch;
        watched?.Carries(this);
    }

    /// <inheritdoc/>
    public bool IsDetached => _responses.IsDetached;

    /// <inheritdoc/>
    public OriginKnowledge Origin => _connection.Origin;

    /// <inheritdoc/>
    public Exchange? Outstanding =>
        _connection.User.Exchange is { IsClosed: false } exchange && (!exchange.Responded || _connection.Transport is { IsWriting: true }) ? exchange : null;

    /// <inheritdoc/>
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
    public void SuspectAfterPause(Exchange exchange)
    {
        if (exchange.IdleAgeTicks < LivenessSettings.EarlyFromTicks || _watch is not { Settings.SuspectsEarly: true } watch)
        {
            return;
        }

        // Asked here, on the request's own thread: what it looks at is not for other threads.
        exchange.Suspect(mayEndEarly: ReplayRule.Decide(ReplayFactsGatherer.IfFoundDead(exchange)).IsReplay());
        watch.Hurry();
    }
}
