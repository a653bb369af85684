namespace StaleConnGuard.Exchanges;

/// <summary>
/// What an exchange that may go out on a shared connection (HTTP/2) knows beside the rest. Nobody ties it to its connection beforehand: when it fails, the
/// exception does.
/// </summary>
/// <param name="since">A timestamp of the guard's clock: the request's headers cannot have been written before.</param>
internal sealed class SharedSend(long since)
{
    private SharedConnections? _waitsForBody;
    private long _since = since;
    private bool _isStamped;

    /// <summary>The request's headers cannot have been written before this moment, a timestamp of the guard's clock.</summary>
    public long Since => Volatile.Read(ref _since);

    /// <summary>The moment is the one at which the headers were encoded, when the request already had its connection.</summary>
    public bool IsStamped => Volatile.Read(ref _isStamped);

    /// <summary>
    /// Its body runs code of the application. The runtime keeps the headers back until some of the body is there, so a connection may look idle that is not.
    /// </summary>
    public void BeginBody(SharedConnections connections)
    {
        _waitsForBody = connections;
        connections.BodyBegins();
    }

    /// <summary>It has been answered, or has failed. May be called again.</summary>
    public void EndBody() => Interlocked.Exchange(ref _waitsForBody, null)?.BodyEnds();

    /// <summary>The headers are being encoded, right before they are handed to the connection.</summary>
    public void HeadersAreEncoded(long now)
    {
        Volatile.Write(ref _since, now);
        Volatile.Write(ref _isStamped, true);
    }
}
