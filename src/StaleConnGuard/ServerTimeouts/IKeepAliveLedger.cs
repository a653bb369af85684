using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard;

/// <summary>
/// What is known of each origin's keep-alive timeout: process-wide, shared by all clients, at most 1,024 origins (the least recently
/// used go first). For health pages and tests. Thread-safe; each call takes a snapshot.
/// </summary>
public interface IKeepAliveLedger
{
    /// <summary>Gets everything known, in no particular order.</summary>
    IReadOnlyList<OriginKeepAlive> Snapshot();

    /// <summary>Gets what is known of one origin reached without a proxy.</summary>
    /// <param name="origin">A URL of the origin; path and query make no difference.</param>
    /// <param name="knowledge">What is known.</param>
    /// <returns>False when no connection to that origin was made, or it was dropped since.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="origin"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="origin"/> is relative.</exception>
    bool TryGet(Uri origin, [NotNullWhen(true)] out OriginKeepAlive? knowledge);
}
