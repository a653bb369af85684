namespace StaleConnGuard.Exchanges;

/// <summary>
/// The shared connections of one handler, those that have ended included: together they can rule out that a request went out on another connection than
/// the one that its exception speaks of. Asked when a request has failed, added to when a connection is made. Thread-safe.
/// </summary>
internal sealed class SharedConnections
{
    // What is older is remembered together, which only makes answers more careful.
    private const int Remembered = 64;

    private readonly Lock _lock = new();
    private readonly List<(ConnectionTrace Trace, WeakReference<ISharedConnection> Connection)> _connections = [];
    private long _othersUntil = long.MinValue;
    private long _lastEnd = long.MinValue;
    private long _lastRefusal = long.MinValue;
    private long _lastLetGo = long.MinValue;
    private long _bodiesSince;
    private int _bodies;
    private int _surfacing;

    /// <summary>Some request has a body that the application writes, and no answer yet: its headers may not have been written.</summary>
    public bool HasBodiesUnderWay => Volatile.Read(ref _bodies) > 0;

    /// <summary>Since when that is so without a break, a timestamp of the guard's clock: earlier rather than later. While it is so.</summary>
    public long BodiesUnderWaySince => Volatile.Read(ref _bodiesSince);

    /// <summary>Some request without an answer yet would fail, and not be replayed, if its connection were ended early.</summary>
    public bool HasRequestsThatWouldSurface => Volatile.Read(ref _surfacing) > 0;

    /// <param name="hasContentThatRuns">It has a body that the application writes.</param>
    /// <param name="wouldSurface">It would not be replayed if its connection ended and nothing was proven.</param>
    /// <param name="now">A timestamp of the guard's clock.</param>
    public void Begin(bool hasContentThatRuns, bool wouldSurface, long now)
    {
        if (hasContentThatRuns && Interlocked.Increment(ref _bodies) == 1)
        {
            Volatile.Write(ref _bodiesSince, now);
        }

        if (wouldSurface)
        {
            Interlocked.Increment(ref _surfacing);
        }
    }

    /// <summary>What was begun has been answered, or has failed.</summary>
    public void End(bool hasContentThatRuns, bool wouldSurface)
    {
        if (hasContentThatRuns)
        {
            Interlocked.Decrement(ref _bodies);
        }

        if (wouldSurface)
        {
            Interlocked.Decrement(ref _surfacing);
        }
    }

    public void Add(ISharedConnection connection)
    {
        lock (_lock)
        {
            _connections.RemoveAll(entry =>
            {
                // Nobody holds it: no request can be under way on it. One that was is remembered below.
                bool isGone = !entry.Connection.TryGetTarget(out _);
                _othersUntil = isGone ? Math.Max(_othersUntil, entry.Trace.LastHeaders) : _othersUntil;
                return isGone;
            });
            if (_connections.Count == Remembered)
            {
                // Its future is not known: from now on it may have anything.
                _othersUntil = _connections[0].Connection.TryGetTarget(out _) ? long.MaxValue : Math.Max(_othersUntil, _connections[0].Trace.LastHeaders);
                _connections.RemoveAt(0);
            }

            _connections.Add((connection.Trace, new WeakReference<ISharedConnection>(connection)));
        }
    }

    /// <summary>One of them has ended by itself.</summary>
    public void NoteEnd(long now) => Volatile.Write(ref _lastEnd, now);

    /// <summary>Whether any has ended since a moment, a timestamp of the guard's clock.</summary>
    public bool HasAnyEndedSince(long since) => Volatile.Read(ref _lastEnd) >= since;

    /// <summary>A server has said on one of them that there are requests which it has not processed, or does not process to their end.</summary>
    public void NoteRefusal(long now) => Volatile.Write(ref _lastRefusal, now);

    /// <summary>Whether any server has said so since a moment, a timestamp of the guard's clock.</summary>
    public bool HasAnyRefusedSince(long since) => Volatile.Read(ref _lastRefusal) >= since;

    /// <summary>The runtime has thrown one of them away that had not ended.</summary>
    public void NoteLetGo(long now) => Volatile.Write(ref _lastLetGo, now);

    /// <summary>Whether it has thrown any away since a moment, a timestamp of the guard's clock.</summary>
    public bool HasAnyBeenLetGoSince(long since) => Volatile.Read(ref _lastLetGo) >= since;

    /// <summary>Whether a connection other than this one may have been given a request's headers since a moment.</summary>
    /// <param name="but">The connection that is not asked; null to ask all.</param>
    /// <param name="since">A timestamp of the guard's clock.</param>
    /// <param name="isStamped">The request had its connection at that moment, so those made later do not count.</param>
    public bool MayAnyOtherHaveSince(ConnectionTrace? but, long since, bool isStamped)
    {
        lock (_lock)
        {
            if (_othersUntil >= since)
            {
                return true;
            }

            foreach ((ConnectionTrace trace, _) in _connections)
            {
                if (!ReferenceEquals(trace, but) && trace.LastHeaders >= since && !(isStamped && trace.Created > since))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>One of them turned out stale: those that have been idle for as long are not better, and must not be given to its replays.</summary>
    public void RetireSiblings(ISharedConnection dead, long idleSince)
    {
        foreach (ISharedConnection other in Living())
        {
            if (!ReferenceEquals(other, dead) && ReferenceEquals(other.Origin, dead.Origin))
            {
                other.RetireIfIdleSince(idleSince, RefusalReason.NotFresh);
            }
        }
    }

    /// <summary>The connection that carried an exchange which has been answered, when no other one to the same server can have; null otherwise.</summary>
    public Binding? FindOnlyCarrier(Exchange exchange)
    {
        if (exchange.Shared is not SharedSend send || exchange.Request?.RequestUri is not { IsAbsoluteUri: true } address)
        {
            return null;
        }

        OriginKey key = OriginKey.Of(address);
        Binding? only = null;
        foreach (ISharedConnection connection in Living())
        {
            // Through whichever proxy.
            if (connection.Trace.LastHeaders >= send.Since && connection.Origin.Key with { Proxy = null } == key)
            {
                if (only is not null)
                {
                    return null;
                }

                only = connection.CarriedSince(send.Since);
            }
        }

        return only;
    }

    private List<ISharedConnection> Living()
    {
        var living = new List<ISharedConnection>();
        lock (_lock)
        {
            foreach ((_, WeakReference<ISharedConnection> reference) in _connections)
            {
                if (reference.TryGetTarget(out ISharedConnection? connection))
                {
                    living.Add(connection);
                }
            }
        }

        return living;
    }
}
