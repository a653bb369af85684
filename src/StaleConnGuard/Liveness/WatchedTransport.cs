namespace StaleConnGuard.Liveness;

/// <summary>
/// One transport as <see cref="LivenessWatch"/> sees it: wakes the watch before each write, and is looked at while something is outstanding. Held by the
/// transport that it listens to; the watch itself holds it weakly.
/// </summary>
internal sealed class WatchedTransport(TransportStream transport, LivenessWatch watch) : ITransportListener, IWatchedConnection
{
    // Written once, by who makes the connection above; read by the watch.
    private volatile ILivenessSubject? _above;
    private volatile ISharedLivenessSubject? _shared;

    // The watch's: it never looks from two threads at once.
    private LivenessMonitor? _monitor;

    /// <inheritdoc/>
    public int Place { get; set; } = -1;

    public LivenessWatch Watch => watch;

    /// <summary>From now on the transport carries this connection. Without one, it is looked at after writes only.</summary>
    public void Carries(ILivenessSubject above) => _above = above;

    /// <summary>From now on the transport carries this connection.</summary>
    public void Carries(ISharedLivenessSubject above) => _shared = above;

    public void BeforeWrite() => watch.Wake();

    public void Disposed() => watch.Remove(this);

    /// <inheritdoc/>
    public long Look(long now)
    {
        ILivenessSubject? above = _above is { IsDetached: false } attached ? attached : null;
        if (above is { Outstanding: null })
        {
            // What it remembers is of the exchange it saw last; the next one begins anew.
            _monitor = null;
            return LivenessWatch.Never;
        }

        _monitor ??= new LivenessMonitor(transport, watch);
        long next = _monitor.Look(above, now);
        return _shared is ISharedLivenessSubject shared ? Math.Min(next, _monitor.LookAtShared(shared)) : next;
    }
}
