namespace StaleConnGuard.Liveness;

/// <summary>A connection that <see cref="LivenessWatch"/> looks at from time to time.</summary>
internal interface IWatchedConnection
{
    /// <summary>Where the watch keeps this connection among the others. The watch's own; nobody else touches it.</summary>
    int Place { get; set; }

    /// <summary>Looks whether the peer has gone silent. Never called by two threads at once; must not throw.</summary>
    /// <param name="now">The watch's clock, in <see cref="TimeSpan"/> ticks.</param>
    /// <returns>Ticks until the next look; <see cref="LivenessWatch.Never"/> when nothing is outstanding.</returns>
    long Look(long now);
}
