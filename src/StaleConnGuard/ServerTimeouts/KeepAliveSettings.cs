using System.Collections.Frozen;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// One client's <see cref="KeepAliveOptions"/>, frozen for the request path. Immutable; a reload makes a new one.
/// </summary>
internal sealed class KeepAliveSettings
{
    /// <summary>Not known, or without limit.</summary>
    public const long None = long.MaxValue;

    private readonly FrozenDictionary<OriginKey, KeepAliveSettings>? _origins;

    private KeepAliveSettings(TimeSpan? serverTimeout, TimeSpan margin, TimeSpan unsafeMaxIdle, bool learn, bool measureMargin, FrozenDictionary<OriginKey, KeepAliveSettings>? origins)
    {
        ConfiguredTicks = serverTimeout?.Ticks ?? None;
        MarginTicks = margin.Ticks;
        UnsafeMaxIdleTicks = unsafeMaxIdle == Timeout.InfiniteTimeSpan ? None : unsafeMaxIdle.Ticks;
        Learn = learn;
        MeasuresMargin = learn && measureMargin;
        _origins = origins;
    }

    /// <summary>Those of <c>new KeepAliveOptions()</c>.</summary>
    public static KeepAliveSettings Default { get; } = From(new KeepAliveOptions());

    public long ConfiguredTicks { get; }

    public long MarginTicks { get; }

    public long UnsafeMaxIdleTicks { get; }

    public bool Learn { get; }

    /// <summary>Whether a margin smaller than <see cref="MarginTicks"/> is applied where one was measured.</summary>
    public bool MeasuresMargin { get; }

    /// <summary>Freezes options that were validated. Entries whose key is no origin are left out.</summary>
    public static KeepAliveSettings From(KeepAliveOptions options)
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

        return new KeepAliveSettings(options.ServerTimeout, options.Margin, options.UnsafeMaxIdle, options.Learn, options.MeasureMargin, origins);
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
        return _origins.TryGetValue(direct, out KeepAliveSettings? settings) ? settings : this;
    }
}
