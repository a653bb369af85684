namespace StaleConnGuard;

/// <summary>How Kestrel tells its clients for how long it keeps idle connections, and lets go of them on shutdown. Not thread-safe.</summary>
public sealed class KeepAliveAdvertisementOptions
{
    /// <summary>
    /// Gets or sets for how long the shutdown waits, before idle connections are closed, until clients have been told to close theirs: each response
    /// says <c>Connection: close</c> meanwhile. The wait ends early when no HTTP/1.1 connection is left, and with the host's shutdown timeout.
    /// </summary>
    /// <value>The default value is 5 seconds. 0 or more; at least Kestrel's keep-alive timeout leaves no idle connection to a race.</value>
    public TimeSpan Drain { get; set; } = TimeSpan.FromSeconds(5);

    internal List<(string Name, TimeSpan Timeout)> Balancers { get; } = [];

    /// <summary>
    /// Says which load balancer or proxy stands in front of this server. When Kestrel's keep-alive timeout is not above its idle timeout, a warning is logged at
    /// start: Kestrel would close connections that the balancer is about to use, and the balancer would answer 502.
    /// </summary>
    /// <param name="balancer">The balancer.</param>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="balancer"/> is null.</exception>
    public KeepAliveAdvertisementOptions BehindLoadBalancer(KnownServerTimeout balancer)
    {
        ArgumentNullException.ThrowIfNull(balancer);
        Balancers.Add((balancer.Name, balancer.Timeout));
        return this;
    }

    /// <summary>The same, for a balancer whose idle timeout was changed or is not among <see cref="KnownServerTimeouts"/>.</summary>
    /// <param name="idleTimeout">For how long the balancer keeps idle connections to its targets. Above 0.</param>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="idleTimeout"/> is not above 0.</exception>
    public KeepAliveAdvertisementOptions BehindLoadBalancer(TimeSpan idleTimeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(idleTimeout, TimeSpan.Zero);
        Balancers.Add(("the load balancer", idleTimeout));
        return this;
    }
}
