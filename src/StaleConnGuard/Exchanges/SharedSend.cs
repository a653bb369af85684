namespace StaleConnGuard.Exchanges;

/// <summary>
/// What an exchange that may go out on a shared connection (HTTP/2) knows beside the rest. Nobody ties it to its connection beforehand: when it fails, the
/// exception does.
/// </summary>
/// <param name="since">A timestamp of the guard's clock: the request's headers cannot have been written before.</param>
internal sealed class SharedSend(long since)
{
    private SharedConnections? _begunOn;
    private bool _hasContentThatRuns;
    private bool _wouldSurface;
    private long _since = since;
    private bool _isStamped;
    private long _firstStamp;
    private string? _firstHeader;
    private int _writtenAgain;

    /// <summary>The request's headers cannot have been written before this moment, a timestamp of the guard's clock.</summary>
    public long Since => Volatile.Read(ref _since);

    /// <summary>The moment is the one at which the headers were encoded, when the request already had its connection.</summary>
    public bool IsStamped => Volatile.Read(ref _isStamped);

    /// <summary>The moment at which the headers were encoded for the first time, however often the runtime has begun anew since. Only when <see cref="IsStamped"/>.</summary>
    public long FirstStamp => Volatile.Read(ref _firstStamp);

    /// <summary>How often the runtime has written the request again by itself, all exchanges of the guard together: repeats, redirects, answers to challenges.</summary>
    public int WrittenAgain
    {
        get => _writtenAgain;
        init => _writtenAgain = value;
    }

    /// <summary>The message of a unary gRPC call, once it has been written on a shared connection; those that follow for the same request have it too.</summary>
    public KeptMessage? Message { get; set; }

    /// <summary>The body that can be read once, once it has begun on a shared connection; those that follow for the same request have it too.</summary>
    public RelayedBody? Body { get; set; }

    /// <summary>
    /// The request is about to be sent. Its connections must know of two kinds. A body that runs code of the application: the runtime keeps the headers back until
    /// some of the body is there, so a connection may look idle that is not. And a request that would not be replayed if its connection were ended early.
    /// </summary>
    /// <returns>Whether <see cref="End"/> and the body have anything to do when the request is done.</returns>
    public bool Begin(Exchange exchange)
    {
        _hasContentThatRuns = exchange.Traits.HasStandIn;
        _wouldSurface = !ReplayRule.Decide(ReplayFactsGatherer.BeforeSend(exchange)).IsReplay();
        if (_hasContentThatRuns || _wouldSurface)
        {
            _begunOn = exchange.Guard.Shared;
            _begunOn.Begin(_hasContentThatRuns, _wouldSurface, _since);
        }

        return _begunOn is not null || Body is not null;
    }

    /// <summary>It has been answered, or has failed. May be called again.</summary>
    public void End() => Interlocked.Exchange(ref _begunOn, null)?.End(_hasContentThatRuns, _wouldSurface);

    /// <summary>
    /// A header is being encoded, right before all of them are handed to the connection. A name comes once in a request, so the first one coming again is the runtime
    /// writing the same message again. The others are encoded with the first: the clock is read once for all of them.
    /// </summary>
    /// <returns>True when it does so because a server said that it has not processed the request (GOAWAY, REFUSED_STREAM), for all that is known.</returns>
    public bool HeaderIsEncoded(string name, Exchange exchange)
    {
        bool isAgain = IsStamped;
        if (isAgain && !string.Equals(name, _firstHeader, StringComparison.Ordinal))
        {
            return false;
        }

        long before = _since;
        _firstHeader = name;
        Volatile.Write(ref _since, exchange.Guard.Time.GetTimestamp());
        if (!isAgain)
        {
            Volatile.Write(ref _firstStamp, _since);
        }

        Volatile.Write(ref _isStamped, true);
        if (!isAgain || exchange.IsBound)
        {
            return false;
        }

        _writtenAgain++;
        return !exchange.WasRedirected && exchange.Guard.Shared.HasAnyRefusedSince(before);
    }
}
