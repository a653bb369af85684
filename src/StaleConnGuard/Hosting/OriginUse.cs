using System.Collections.Concurrent;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Which of one client's <see cref="KeepAliveOptions.Origins"/> its requests go to: an entry that is only nearly where they go has no effect, and
/// that is said once. Thread-safe.
/// </summary>
internal sealed class OriginUse(string client, UnusedConfiguration unused)
{
    private readonly ConcurrentDictionary<OriginKey, bool> _seen = new();
    private readonly ConcurrentDictionary<OriginKey, bool> _used = new();

    /// <summary>Called for each request, so that all but the first to an origin cost a look.</summary>
    public void OnRequest(KeepAliveSettings settings, Uri address)
    {
        OriginKey key = KeepAliveSettings.KeyOf(address, address.Scheme);
        if (_seen.ContainsKey(key) || _seen.Count >= KeepAliveDefaults.MaxOrigins || !_seen.TryAdd(key, true))
        {
            return;
        }

        if (settings.EntryOf(key) is OriginKey entry)
        {
            _used[entry] = true;
            return;
        }

        foreach (OriginKey other in settings.Origins)
        {
            if (!_used.ContainsKey(other) && IsNearly(other, key))
            {
                unused.SayOrigin(client, other, key);
            }
        }
    }

    // The same host in another scheme or at another port, or one letter of its name. Not a digit: numbered hosts are different hosts.
    private static bool IsNearly(in OriginKey entry, in OriginKey used)
    {
        if (string.Equals(entry.Host, used.Host, StringComparison.Ordinal))
        {
            return true;
        }

        return entry.Scheme == used.Scheme
            && entry.Port == used.Port
            && NearestName.Edits(entry.Host, used.Host) == 1
            && string.Equals(Digits(entry.Host), Digits(used.Host), StringComparison.Ordinal);
    }

    private static string Digits(string host) => string.Concat(host.Where(char.IsAsciiDigit));
}
