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

    private KeepAliveSettings(TimeSpan? serverTimeout, TimeSpan margin, TimeSpan unsafeMaxIdle, bool learn, bool measureMargin, FrozenDictionary<OriginKey, KeepAliveSettings>? origins, ConcurrentDictionary<OriginKey, OriginKey>? resolved = null)
    {
        ConfiguredTicks = serverTimeout?.Ticks ?? None;
        MarginTicks = margin.Ticks;
        UnsafeMaxIdleTicks = unsafeMaxIdle == Timeout.InfiniteTimeSpan ? None : unsafeMaxIdle.Ticks;
        Learn = learn;
        MeasuresMargin = learn && measureMargin;
        _origins = origins;
        _resolved = resolved ?? new ConcurrentDictionary<OriginKey, OriginKey>();
    }

    /// <summary>Those of <c>new KeepAliveOptions()</c>.</summary>
    public static KeepAliveSettings Default { get; } = From(new KeepAliveOptions());

    public long ConfiguredTicks { get; }

    public long MarginTicks { get; }

    public long UnsafeMaxIdleTicks { get; }

    public bool Learn { get; }

    /// <summary>Whether a margin smaller than <see cref="MarginTicks"/> is applied where one was measured.</summary>
    public bool MeasuresMargin { get; }

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
                        origin.UnsafeMaxIdle ?? options.UnsafeMaxIdle,
                        origin.Learn ?? options.Learn,
                        origin.MeasureMargin ?? options.MeasureMargin,
                        origins: null);
                }
            }

            origins = found.ToFrozenDictionary();
        }

        return new KeepAliveSettings(options.ServerTimeout, options.Margin, options.UnsafeMaxIdle, options.Learn, options.MeasureMargin, origins, before?._resolved);
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

        OriginKey direct = key.Proxy is null ? key : key with { Proxy = null };
        if (_origins.TryGetValue(direct, out KeepAliveSettings? settings))
        {
            return settings;
        }

        return _resolved.TryGetValue(direct, out OriginKey logical) && _origins.TryGetValue(logical, out settings) ? settings : this;
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

    private static OriginKey KeyOf(Uri uri, string scheme)
    {
        int port = !uri.IsDefaultPort && uri.Port >= 0 ? uri.Port : scheme == Uri.UriSchemeHttps ? 443 : 80;
        return new OriginKey(scheme, uri.IdnHost.ToLowerInvariant(), port, Proxy: null);
    }
}
