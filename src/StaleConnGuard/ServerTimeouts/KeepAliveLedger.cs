using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// What is known of every origin, surviving handler rotation. Looked up once a connection, not once a request. Bounded: the origins used least
/// recently go first.
/// </summary>
internal sealed class KeepAliveLedger : IKeepAliveLedger
{
    private readonly OriginTable<OriginKnowledge> _origins;
    private readonly long _start;

    public KeepAliveLedger(TimeProvider? time = null, int capacity = KeepAliveDefaults.MaxOrigins)
    {
        _origins = new OriginTable<OriginKnowledge>(capacity);
        Time = time ?? TimeProvider.System;
        _start = Time.GetTimestamp();
    }

    /// <summary>The one of this process: clients with and without a service provider share it.</summary>
    public static KeepAliveLedger Shared { get; } = new();

    /// <summary>The clock of all it holds.</summary>
    internal TimeProvider Time { get; }

    /// <summary>How long this ledger has been there, in <see cref="TimeSpan"/> ticks: the time on which everything is learned.</summary>
    internal long ElapsedTicks => Time.GetElapsedTime(_start).Ticks;

    /// <param name="key">The origin.</param>
    /// <param name="settings">Of the client that connects, so that snapshots show its limit.</param>
    public OriginKnowledge GetOrAdd(in OriginKey key, KeepAliveSettings? settings = null)
    {
        long now = Time.GetTimestamp();
        OriginKnowledge knowledge = _origins.TryFind(key, out OriginKnowledge? there) ? there : _origins.Add(new OriginKnowledge(key, this, now));
        knowledge.Used(now, settings);
        return knowledge;
    }

    public IReadOnlyList<OriginKeepAlive> Snapshot() => Array.ConvertAll(_origins.ToArray(), static origin => origin.Describe());

    public bool TryGet(Uri origin, [NotNullWhen(true)] out OriginKeepAlive? knowledge)
    {
        ArgumentNullException.ThrowIfNull(origin);
        if (!origin.IsAbsoluteUri)
        {
            throw new ArgumentException("An absolute URL is needed.", nameof(origin));
        }

        knowledge = _origins.TryFind(OriginKey.Of(origin), out OriginKnowledge? there) ? there.Describe() : null;
        return knowledge is not null;
    }

    /// <summary>
    /// An instance that was dropped is observed again, by a connection that outlived its place here: it comes back, unless a newer
    /// instance has taken the place, which is returned then.
    /// </summary>
    internal OriginKnowledge TakeBack(OriginKnowledge dropped)
    {
        dropped.Used(Time.GetTimestamp(), settings: null);
        return _origins.Add(dropped);
    }
}
