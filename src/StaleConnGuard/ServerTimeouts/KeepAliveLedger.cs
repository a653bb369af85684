using System.Collections.Concurrent;
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
    private readonly Lock _keeping = new();
    private readonly ConcurrentDictionary<string, bool> _otherFiles = new(StringComparer.Ordinal);
    private volatile LedgerFile? _file;

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
        OriginKnowledge knowledge = _origins.TryFind(key, out OriginKnowledge? there) ? there : _origins.Add(Recalled(new OriginKnowledge(key, this, now)));
        knowledge.Used(now, settings);
        return knowledge;
    }

    /// <summary>
    /// Has what is learned kept in a file, and used what that holds. A ledger has one: with another path than the first nothing happens but that
    /// <paramref name="onProblem"/> is told.
    /// </summary>
    public void KeepIn(string path, Action<string, string> onProblem)
    {
        if (_file is null)
        {
            lock (_keeping)
            {
                _file ??= Open(path, onProblem);
            }
        }

        if (_file.Path != path && _otherFiles.TryAdd(path, true))
        {
            onProblem(path, $"is not used: what this process learns is kept in {_file.Path}");
        }
    }

    /// <summary>What is worth keeping for the next process.</summary>
    public IEnumerable<RememberedTimeout> ToRemember() => _origins.ToArray().Select(static origin => origin.ToRemember()).OfType<RememberedTimeout>();

    /// <summary>What was remembered, and is not so any more.</summary>
    public List<RememberedTimeout> Refuted() => [.. _origins.ToArray().Select(static origin => origin.Refuted).OfType<RememberedTimeout>()];

    /// <summary>Nothing remembered outlives its day, however long the process does.</summary>
    public void ForgetOld()
    {
        DateTimeOffset now = Time.GetUtcNow();
        foreach (OriginKnowledge origin in _origins.ToArray())
        {
            origin.ForgetOld(now);
        }
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

    /// <summary>For tests: writes, and lets go of the file.</summary>
    internal void CloseFile()
    {
        _file?.Save();
        _file?.Dispose();
    }

    private LedgerFile Open(string path, Action<string, string> onProblem)
    {
        var file = new LedgerFile(path, this, onProblem);
        foreach (OriginKnowledge origin in _origins.ToArray())
        {
            if (file.TryRecall(origin.Key, out RememberedTimeout remembered))
            {
                origin.Remember(remembered);
            }
        }

        return file;
    }

    private OriginKnowledge Recalled(OriginKnowledge origin)
    {
        if (_file is { } file && file.TryRecall(origin.Key, out RememberedTimeout remembered))
        {
            origin.Remember(remembered);
        }

        return origin;
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
