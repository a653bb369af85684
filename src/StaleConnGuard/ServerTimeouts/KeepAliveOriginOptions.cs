namespace StaleConnGuard;

/// <summary>What is different for one origin. A property that is null is taken from the <see cref="KeepAliveOptions"/> around it.</summary>
public sealed class KeepAliveOriginOptions
{
    /// <inheritdoc cref="KeepAliveOptions.ServerTimeout"/>
    public TimeSpan? ServerTimeout { get; set; }

    /// <summary>Gets or sets the largest safety distance kept below the server timeout.</summary>
    /// <value>The default value is <see langword="null"/>: as for the other origins. Between 0 and 1 hour.</value>
    public TimeSpan? Margin { get; set; }

    /// <summary>Gets or sets whether a margin smaller than <see cref="Margin"/> is kept while the server is seen to close its idle connections to the instant.</summary>
    /// <value>The default value is <see langword="null"/>: as for the other origins.</value>
    public bool? MeasureMargin { get; set; }

    /// <summary>Gets or sets the highest idle age at which a request that is not safe to repeat takes a connection while no server timeout is known.</summary>
    /// <value>The default value is <see langword="null"/>: as for the other origins. Between 0 and 1 day, or <see cref="Timeout.InfiniteTimeSpan"/>.</value>
    public TimeSpan? NonIdempotentMaxIdle { get; set; }

    /// <summary>Gets or sets whether the server timeout that was learned is applied.</summary>
    /// <value>The default value is <see langword="null"/>: as for the other origins.</value>
    public bool? Learn { get; set; }
}
