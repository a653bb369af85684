namespace StaleConnGuard;

/// <summary>
/// Probes that the kernel sends on a silent connection (RFC 9293 3.8.4). They find dead connections while they are idle or wait for an answer, and keep
/// NAT gateways and firewalls from forgetting the flow. They do not reset the idle timeout of HTTP servers and of most HTTP balancers.
/// </summary>
/// <remarks>A socket that comes from the application's own connect callback with keep-alive already on is left as it is.</remarks>
public sealed class TcpKeepAliveOptions
{
    /// <summary>Gets or sets whether probes are sent.</summary>
    /// <value>The default value is <see langword="true"/>.</value>
    public bool Enabled { get; set; } = true;

    /// <summary>Gets or sets how long nothing must have come before the first probe is sent.</summary>
    /// <value>The default value is 30 seconds. Between 1 second and 2 hours; rounded up to whole seconds.</value>
    public TimeSpan Time { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long after an unanswered probe the next one is sent.</summary>
    /// <value>The default value is 5 seconds. Between 1 second and 10 minutes; rounded up to whole seconds.</value>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how many probes in a row may go unanswered before the connection is given up.</summary>
    /// <value>The default value is 3. Between 1 and 100.</value>
    public int Probes { get; set; } = 3;
}
