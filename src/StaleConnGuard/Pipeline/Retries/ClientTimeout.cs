namespace StaleConnGuard.Pipeline;

/// <summary>
/// The <see cref="HttpClient.Timeout"/> of the clients of one name: a handler cannot see it, nor which of them sends. Clients are made after their handler, hence
/// a place of its own. Thread-safe.
/// </summary>
/// <remarks>
/// A client may change its time limit until it sends its first request (a typed client does so in its constructor), so it is the client that is noted, and its
/// limit is read when it matters. The longest of those in use holds: a wait that is begun in vain is cancelled, one that is not begun cannot be made up for.
/// </remarks>
internal sealed class ClientTimeout
{
    private const int LeastKept = 16;

    private readonly Lock _lock = new();
    private readonly List<WeakReference<HttpClient>> _clients = [];
    private int _sweepAt = LeastKept;

    /// <summary>How many are noted, those that are gone among them.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _clients.Count;
            }
        }
    }

    /// <summary><see cref="Timeout.InfiniteTimeSpan"/> when one has no limit, and as long as nothing is known.</summary>
    public TimeSpan Longest
    {
        get
        {
            TimeSpan longest = TimeSpan.Zero;
            lock (_lock)
            {
                foreach (WeakReference<HttpClient> noted in _clients)
                {
                    if (!noted.TryGetTarget(out HttpClient? client))
                    {
                        continue;
                    }

                    if (client.Timeout == Timeout.InfiniteTimeSpan)
                    {
                        return Timeout.InfiniteTimeSpan;
                    }

                    longest = client.Timeout > longest ? client.Timeout : longest;
                }
            }

            // A client lives as long as it sends: without one, the request is somebody else's.
            return longest == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : longest;
        }
    }

    /// <summary>A client has been made. Does not keep it alive.</summary>
    public void Note(HttpClient client)
    {
        lock (_lock)
        {
            if (_clients.Count >= _sweepAt)
            {
                _clients.RemoveAll(static noted => !noted.TryGetTarget(out _));
                _sweepAt = Math.Max(LeastKept, 2 * _clients.Count);
            }

            _clients.Add(new WeakReference<HttpClient>(client));
        }
    }
}
