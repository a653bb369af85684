using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// One client's <see cref="KeepAliveOptions"/>, frozen for the request path. Immutable; a reload makes a new one.
/// </summary>
internal sealed class KeepAliveSettings
{
    /// <summary>Not known, or without limit.</summary>
    public const long None = long.MaxValue;

    // More addresses than this behind the names of one client are not kept apart.
    private const int MaxResolved = KeepAliveDefaults.MaxOrigins;

    private readonly FrozenDictionary<OriginKey, KeepAliveSettings>? _origins;
    private readonly ConcurrentDictionary<OriginKey, OriginKey> _resolved;

    private KeepAliveSettings(TimeSpan? serverTimeout, TimeSpan margin, TimeSpan nonIdempotentMaxIdle, bool learn, bool measureMargin, bool remembers, FrozenDictionary<OriginKey, KeepAliveSettings>? origins, ConcurrentDictionary<OriginKey, OriginKey>? resolved = null)
    {
        ConfiguredTicks = serverTimeout?.Ticks ?? None;
        Margin = MarginPolicy.From(margin, learn && measureMargin);
        NonIdempotentMaxIdleTicks = nonIdempotentMaxIdle == Timeout.InfiniteTimeSpan ? None : nonIdempotentMaxIdle.Ticks;
        Learn = learn;
        Remembers = learn && remembers;
        _origins = origins;
        _resolved = resolved ?? new ConcurrentDictionary<OriginKey, OriginKey>();
    }

    /// <summary>Those of <c>new KeepAliveOptions()</c>.</summary>
    public static KeepAliveSettings Default { get; } = From(new KeepAliveOptions());

    public long ConfiguredTicks { get; }

    /// <summary>How far below the server timeout connections are taken.</summary>
    public MarginPolicy Margin { get; }

    public long NonIdempotentMaxIdleTicks { get; }

    public bool Learn { get; }

    /// <summary>Whether what another process has learned is applied.</summary>
    public bool Remembers { get; }

    /// <summary>Whether there is anything for single origins.</summary>
    public bool HasOrigins => _origins is not null;

    /// <summary>Freezes options that were validated. Entries whose key is no origin are left out.</summary>
    /// <param name="options">The options.</param>
    /// <param name="before">Those they replace, whose <see cref="Resolved"/> addresses go on being known.</param>
    public static KeepAliveSettings From(KeepAliveOptions options, KeepAliveSettings? before = null)
    {
        FrozenDictionary<OriginKey, KeepAliveSettings>? origins = null;
        if (options.Origins.Count > 0)
        {
            var found = new Dictionary<OriginKey, KeepAliveSettings>();
            foreach ((string text, KeepAliveOriginOptions origin) in options.Origins)
            {
                if (OriginKey.TryParse(text, out OriginKey key))
                {
                    found[key] = new KeepAliveSettings(
                        origin.ServerTimeout ?? options.ServerTimeout,
                        origin.Margin ?? options.Margin,
                        origin.NonIdempotentMaxIdle ?? options.NonIdempotentMaxIdle,
                        origin.Learn ?? options.Learn,
                        origin.MeasureMargin ?? options.MeasureMargin,
                        options.LedgerFile is not null,
                        origins: null);
                }
            }

            origins = found.ToFrozenDictionary();
        }

        return new KeepAliveSettings(options.ServerTimeout, options.Margin, options.NonIdempotentMaxIdle, options.Learn, options.MeasureMargin, options.LedgerFile is not null, origins, before?._resolved);
    }

    /// <summary>What applies to one origin, asked for each request. Most clients have the same settings for all.</summary>
    public KeepAliveSettings For(OriginKnowledge origin) => _origins is null ? this : For(origin.Key);

    /// <summary>What applies to one origin, whichever proxy leads to it. No allocation.</summary>
    public KeepAliveSettings For(in OriginKey key)
    {
        if (_origins is null)
        {
            return this;
        }

        return EntryOf(key) is OriginKey entry ? _origins[entry] : this;
    }

    /// <summary>The origins that have settings of their own, as they were written.</summary>
    public IEnumerable<OriginKey> Origins => _origins?.Keys ?? [];

    /// <summary>Whose settings apply to this origin: its own or those of the name that led to it; null when it has none. No allocation.</summary>
    public OriginKey? EntryOf(in OriginKey key)
    {
        if (_origins is null)
        {
            return null;
        }

        OriginKey direct = key.Proxy is null ? key : key with { Proxy = null };
        if (_origins.ContainsKey(direct))
        {
            return direct;
        }

        return _resolved.TryGetValue(direct, out OriginKey logical) && _origins.ContainsKey(logical) ? logical : null;
    }

    /// <summary>
    /// Requests to a name that has settings of its own go to an address that was found for it (service discovery): they apply there too, unless the
    /// address has its own. Of two names with the same address the later counts.
    /// </summary>
    public void Resolved(Uri logical, Uri address)
    {
        // "https+http://orders": either will do.
        foreach (string scheme in logical.Scheme.Split('+'))
        {
            OriginKey name = KeyOf(logical, scheme);
            if (_origins is not null && _origins.ContainsKey(name))
            {
                OriginKey key = KeyOf(address, address.Scheme);
                if (key != name && (_resolved.ContainsKey(key) || _resolved.Count < MaxResolved))
                {
                    _resolved[key] = name;
                }

                return;
            }
        }
    }

    /// <summary>The origin of an address, in one of the schemes it may stand for.</summary>
    public static OriginKey KeyOf(Uri uri, string scheme)
    {
        int port = !uri.IsDefaultPort && uri.Port >= 0 ? uri.Port : scheme == Uri.UriSchemeHttps ? 443 : 80;
        return new OriginKey(scheme, OriginKey.HostOf(uri), port, Proxy: null);
    }
}
