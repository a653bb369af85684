namespace StaleConnGuard;

/// <summary>What is known of the server's keep-alive timeout, and how far below it a connection may still be taken.</summary>
public sealed class KeepAliveOptions
{
    /// <summary>Gets or sets the idle age at which the server closes a connection.</summary>
    /// <value>The default value is <see langword="null"/>: not known. Between 100 ms and 1 day. <see cref="KnownServerTimeouts"/> can be assigned.</value>
    /// <remarks>
    /// When the server advertises a smaller one (<c>Keep-Alive: timeout=</c>, RFC 2068 19.7.1) or a smaller one is learned, the smaller
    /// one counts. In configuration a time such as <c>00:01:00</c> or the name of a preset such as <c>AwsAlb</c>.
    /// </remarks>
    public TimeSpan? ServerTimeout { get; set; }

    /// <summary>Gets or sets the largest safety distance kept below the server timeout; with <see cref="MeasureMargin"/> a smaller one may be in force.</summary>
    /// <value>The default value is 1 second. Between 0 and 1 hour. Never more than half of the server timeout is used.</value>
    public TimeSpan Margin { get; set; } = KeepAliveDefaults.Margin;

    /// <summary>
    /// Gets or sets whether a margin smaller than <see cref="Margin"/> is kept below a configured or learned server timeout while the server is seen to close its
    /// idle connections to the instant.
    /// </summary>
    /// <value>The default value is <see langword="true"/>. Has no effect where <see cref="Learn"/> is off, on systems other than Linux, and where <see cref="Margin"/> is smaller.</value>
    /// <remarks>
    /// Five or more closes at nearly the same idle age, dated by the kernel, are needed, the last of them in the last 10 minutes. The margin measured is 50 ms more than the round trip with its
    /// variation (RFC 6298) and twice what the closes differ by, and at least 62 ms at a timeout of 5 s, 250 ms at 10 s, 1 s at 20 s. One stale hit, one early close or a restart gives the whole margin back for
    /// 10 minutes or more.
    /// </remarks>
    public bool MeasureMargin { get; set; } = KeepAliveDefaults.MeasureMargin;

    /// <summary>
    /// Gets or sets the highest idle age at which a request that is not safe to repeat takes a connection while no server timeout is known.
    /// </summary>
    /// <value>
    /// The default value is 2 seconds. Between 0 (always a connection that is not idle at all) and 1 day, or
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no such limit.
    /// </value>
    /// <remarks>A connection of that origin seen open at a higher idle age raises the limit to that age, if <see cref="Learn"/> is on.</remarks>
    public TimeSpan NonIdempotentMaxIdle { get; set; } = KeepAliveDefaults.NonIdempotentMaxIdle;

    /// <summary>Gets or sets whether the server timeout that was learned from the server's behaviour is applied.</summary>
    /// <value>The default value is <see langword="true"/>.</value>
    /// <remarks>What the server advertises is applied in any case.</remarks>
    public bool Learn { get; set; } = KeepAliveDefaults.Learn;

    /// <summary>
    /// Gets or sets whether <c>Connection: keep-alive</c> is sent with the first request of each connection, and again after 5 minutes, which makes
    /// Apache httpd and Tomcat advertise their timeout. It is put on the wire (HTTP/1.1 only), not into the message, and not where the request has a
    /// <c>Connection</c> header of its own (RFC 9110 7.6.1).
    /// </summary>
    /// <value>The default value is <see langword="true"/>.</value>
    public bool SolicitHint { get; set; } = KeepAliveDefaults.SolicitHint;

    /// <summary>
    /// Gets or sets the file in which learned server timeouts are kept, so that the next process need not learn them anew. Processes on one machine may share it.
    /// </summary>
    /// <value>The default value is <see langword="null"/>: nothing is kept. An absolute path; the folder must be there and be writable.</value>
    /// <remarks>
    /// <para>
    /// A process has one ledger, and so one file: the first that a client names. It is read when that client's handler is made, and written within 30 seconds after something was
    /// learned and at the end of the process: whole or not at all, for its owner alone (mode 600), at most 1,024 origins, with the names of servers and nothing of requests.
    /// </para>
    /// <para>
    /// What is read can only make connections be used for a shorter time than without the file. It proves nothing, raises no limit, is given up when two connections outlive it, and is
    /// forgotten after a day without confirmation. A file that cannot be read or written is one warning (<c>LedgerFileProblem</c>), never a failure. Applies where <see cref="Learn"/> is on.
    /// </para>
    /// </remarks>
    public string? LedgerFile { get; set; }

    /// <summary>
    /// Gets what is different for single origins. The key is the origin as in a URL, <c>https://api.example.com</c> or
    /// <c>http://10.0.0.7:8080</c>, without a path; upper and lower case make no difference.
    /// With service discovery it may be the logical name, <c>https://orders</c>: it applies to the addresses found for it, unless they have entries.
    /// </summary>
    /// <value>The default value is empty. What an entry leaves <see langword="null"/> is taken from the options around it.</value>
    public IDictionary<string, KeepAliveOriginOptions> Origins { get; } =
        new Dictionary<string, KeepAliveOriginOptions>(StringComparer.OrdinalIgnoreCase);
}
