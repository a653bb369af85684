namespace StaleConnGuard;

/// <summary>What is known of the server's keep-alive timeout, and how far below it a connection may still be taken.</summary>
public sealed class KeepAliveOptions
{
    /// <summary>Gets or sets the idle age at which the server closes a connection.</summary>
    /// <value>The default value is <see langword="null"/>: not known. Between 100 ms and 1 day.</value>
    /// <remarks>When the server advertises a smaller one (<c>Keep-Alive: timeout=</c>, RFC 2068 19.7.1), the smaller one counts.</remarks>
    public TimeSpan? ServerTimeout { get; set; }

    /// <summary>Gets or sets the safety distance kept below the server timeout.</summary>
    /// <value>The default value is 1 second. Between 0 and 1 hour. Never more than half of the server timeout is used.</value>
    public TimeSpan Margin { get; set; } = KeepAliveDefaults.Margin;

    /// <summary>
    /// Gets or sets whether requests carry <c>Connection: keep-alive</c>, which makes Apache httpd and Tomcat advertise their timeout.
    /// It is not added to a request that has a <c>Connection</c> header already, and has no meaning on HTTP/2 and HTTP/3.
    /// </summary>
    /// <value>The default value is <see langword="true"/>.</value>
    public bool SolicitHint { get; set; } = true;
}
