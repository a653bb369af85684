namespace StaleConnGuard;

/// <summary>
/// The default keep-alive timeout of one server or load balancer, as its code or vendor says. Immutable. Can be assigned where a
/// time is wanted: <c>options.KeepAlive.ServerTimeout = KnownServerTimeouts.AwsAlb</c>.
/// </summary>
public sealed class KnownServerTimeout
{
    internal KnownServerTimeout(string name, TimeSpan timeout, string source, DateOnly read, bool closesSilently = false, bool advertises = false)
    {
        Name = name;
        Timeout = timeout;
        Source = source;
        Read = read;
        ClosesSilently = closesSilently;
        Advertises = advertises;
    }

    /// <summary>Gets the name under which configuration knows it.</summary>
    public string Name { get; }

    /// <summary>Gets the idle age at which the server closes a connection, unless its operator changed it.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Gets where the figure was read.</summary>
    public string Source { get; }

    /// <summary>Gets the day by which the figure had been read there.</summary>
    public DateOnly Read { get; }

    /// <summary>
    /// Gets whether connections are dropped without a FIN or a reset. Nothing can be learned from such a server, and a request sent
    /// on a dropped connection waits for its own timeout: configure it, and switch TCP keep-alive on.
    /// </summary>
    public bool ClosesSilently { get; }

    /// <summary>Gets whether it sends <c>Keep-Alive: timeout=</c>, at least to requests that carry <c>Connection: keep-alive</c>.</summary>
    public bool Advertises { get; }

    /// <summary>The timeout.</summary>
    /// <param name="known">The preset.</param>
    public static implicit operator TimeSpan(KnownServerTimeout known)
    {
        ArgumentNullException.ThrowIfNull(known);
        return known.Timeout;
    }

    /// <summary>Gets <see cref="Timeout"/>.</summary>
    public TimeSpan ToTimeSpan() => Timeout;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Timeout})";
}
