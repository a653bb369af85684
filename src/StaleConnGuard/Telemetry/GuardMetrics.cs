using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace StaleConnGuard.Telemetry;

/// <summary>
/// The instruments, counting what happens. One instance a service provider, made with its <see cref="IMeterFactory"/>, and one for handlers made without. Every
/// method returns at once when nobody listens to its instrument. Thread-safe.
/// </summary>
internal sealed class GuardMetrics : IGuardEvents
{
    private static readonly ConditionalWeakTable<IMeterFactory, GuardMetrics> s_made = new();
    private static readonly Lazy<GuardMetrics> s_shared = new(static () => new GuardMetrics(new Meter(Options), KeepAliveLedger.Shared));

    // Server timeouts in the field cluster at 1, 2, 5, 15, 60, 65, 75, 130, 180, 350 and 600 s: the boundaries lie at or just below them.
    private static readonly InstrumentAdvice<double> s_idleAges =
        new() { HistogramBucketBoundaries = [0.01, 0.1, 0.5, 1, 2, 3, 4, 5, 10, 15, 30, 55, 60, 75, 120, 180, 350, 600] };

    private readonly Counter<long> _staleHits;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _replays;
    private readonly Counter<long> _repeatsRefused;
    private readonly Counter<long> _runtimeRepeats;
    private readonly Counter<long> _recovered;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _budgets;
    private readonly Histogram<double> _idleAge;
    private readonly IKeepAliveLedger _ledger;

    // Without a key: none.
    private readonly KeyValuePair<string, object?> _cluster;

    public GuardMetrics(Meter meter, IKeepAliveLedger ledger)
    {
        _ledger = ledger;
        _staleHits = meter.CreateCounter<long>(StaleConnGuardDiagnostics.StaleHits, "{hit}", "Exchanges on a reused connection that ended before any response byte.");
        _refused = meter.CreateCounter<long>(StaleConnGuardDiagnostics.RefusedConnections, "{connection}", "Pooled connections that were not taken.");
        _replays = meter.CreateCounter<long>(StaleConnGuardDiagnostics.Replays, "{request}", "Requests sent again at once on a fresh connection.");
        _repeatsRefused = meter.CreateCounter<long>(StaleConnGuardDiagnostics.RefusedRepeats, "{request}", "Requests that a layer above sent again and the guard did not.");
        _runtimeRepeats = meter.CreateCounter<long>(StaleConnGuardDiagnostics.RuntimeRepeats, "{request}", "Requests that the runtime sent again because the server said it had not processed them.");
        _recovered = meter.CreateCounter<long>(StaleConnGuardDiagnostics.RecoveredExchanges, "{exchange}", "Exchanges that failed and were made up for by another at once; the runtime measures each as a failed request.");
        _retries = meter.CreateCounter<long>(StaleConnGuardDiagnostics.Retries, "{request}", "Requests sent again after a wait.");
        _budgets = meter.CreateCounter<long>(StaleConnGuardDiagnostics.ExhaustedRetryBudgets, "{request}", "Requests not retried because the retry budget was empty.");
        _idleAge = meter.CreateHistogram(StaleConnGuardDiagnostics.IdleAge, "s", "Idle age of connections when they were taken again.", tags: null, s_idleAges);
        meter.CreateObservableGauge(StaleConnGuardDiagnostics.KeepAliveLimit, ObserveLimits, "s", "Highest idle age at which a connection is taken for a request that is not safe to repeat.");
    }

    private GuardMetrics(GuardMetrics all, string cluster)
    {
        _ledger = all._ledger;
        _staleHits = all._staleHits;
        _refused = all._refused;
        _replays = all._replays;
        _repeatsRefused = all._repeatsRefused;
        _runtimeRepeats = all._runtimeRepeats;
        _recovered = all._recovered;
        _retries = all._retries;
        _budgets = all._budgets;
        _idleAge = all._idleAge;
        _cluster = new(TelemetryTags.Cluster, cluster);
    }

    /// <inheritdoc/>
    public RequestEvents Hears => RequestEvents.ConnectionReused;

    /// <summary>Of handlers that were made without a service provider.</summary>
    public static GuardMetrics Shared => s_shared.Value;

    private static MeterOptions Options => new(StaleConnGuardDiagnostics.MeterName) { Version = PackageVersion };

    /// <summary>With its pre-release part, without the commit it was built from.</summary>
    private static string? PackageVersion => typeof(GuardMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];

    /// <summary>One a factory: a second gauge of the same meter would show each limit twice.</summary>
    public static GuardMetrics Of(IMeterFactory? factory, IKeepAliveLedger ledger)
    {
        if (factory is null)
        {
            return Shared;
        }

        lock (s_made)
        {
            if (!s_made.TryGetValue(factory, out GuardMetrics? metrics))
            {
                metrics = new GuardMetrics(factory.Create(Options), ledger);
                s_made.Add(factory, metrics);
            }

            return metrics;
        }
    }

    /// <summary>The same instruments, for the connections of one of a reverse proxy's clusters.</summary>
    public GuardMetrics OfCluster(string cluster) => new(this, cluster);

    /// <inheritdoc/>
    public void ConnectionReused(IGuardedConnection connection, long idleAgeTicks)
    {
        if (_idleAge.Enabled)
        {
            OriginTags tags = OriginTags.Of(connection.Origin.Key);
            double age = idleAgeTicks / (double)TimeSpan.TicksPerSecond;
            if (_cluster.Key is null)
            {
                _idleAge.Record(age, tags.Address, tags.Port, new(TelemetryTags.ProtocolVersion, TelemetryTags.ProtocolVersionOf(connection)));
            }
            else
            {
                _idleAge.Record(age, [tags.Address, tags.Port, new(TelemetryTags.ProtocolVersion, TelemetryTags.ProtocolVersionOf(connection)), _cluster]);
            }
        }
    }

    /// <inheritdoc/>
    public void ConnectionRefused(IGuardedConnection connection, RefusalReason reason)
    {
        if (_refused.Enabled)
        {
            OriginTags tags = OriginTags.Of(connection.Origin.Key);
            Count(_refused, tags.Address, tags.Port, new(TelemetryTags.ProtocolVersion, TelemetryTags.ProtocolVersionOf(connection)), new(TelemetryTags.Reason, reason.ToString()));
        }
    }

    /// <inheritdoc/>
    public void ReplayDecided(in EndedExchange ended)
    {
        CountStaleHit(ended);
        CountReplay(ended);
        CountRecovered(ended);
    }

    /// <inheritdoc/>
    public void Retrying(in RetryAttempt attempt)
    {
        if (_retries.Enabled)
        {
            OriginTags tags = TagsOf(attempt.Origin);
            Count(_retries, tags.Address, tags.Port, new(TelemetryTags.Reason, attempt.Decision.Reason.ToString()));
        }
    }

    /// <inheritdoc/>
    public void RetriesStopped(in RetryAttempt attempt)
    {
        if (_budgets.Enabled && attempt.Decision.Reason is RetryReason.StoppedBudgetEmpty)
        {
            OriginTags tags = TagsOf(attempt.Origin);
            Count(_budgets, tags.Address, tags.Port);
        }
    }

    private void CountStaleHit(in EndedExchange ended)
    {
        if (!_staleHits.Enabled || !ended.IsStaleHit)
        {
            return;
        }

        OriginTags tags = TagsOf(ended.Exchange.Connection?.Origin.Key);
        Count(
            _staleHits,
            [
                tags.Address,
                tags.Port,
                new(TelemetryTags.RequestMethod, TelemetryTags.Method(ended.Exchange.Request?.Method)),
                new(TelemetryTags.ProtocolVersion, TelemetryTags.ProtocolVersionOf(ended.Exchange.Connection)),
                new(TelemetryTags.Delivery, ended.Evidence.Delivery.ToString()),
                new(TelemetryTags.Outcome, TelemetryTags.OutcomeOf(ended.Decision)),
                new(TelemetryTags.Decision, ended.Decision.ToString()),
                new(TelemetryTags.ErrorType, ended.Evidence.End.ToString()),
            ]);
    }

    /// <summary>A refusal by the guard itself is none: that request had not been sent.</summary>
    private void CountReplay(in EndedExchange ended)
    {
        if (_replays.Enabled && ended.Decision.IsReplay() && !ended.Evidence.WasRefused)
        {
            OriginTags tags = TagsOf(ended.Exchange.Connection?.Origin.Key);
            Count(
                _replays,
                tags.Address,
                tags.Port,
                new(TelemetryTags.ProtocolVersion, TelemetryTags.ProtocolVersionOf(ended.Exchange.Connection)),
                new(TelemetryTags.Decision, ended.Decision.ToString()));
        }
    }

    /// <inheritdoc/>
    public void RepeatRefused(HttpRequestMessage request)
    {
        if (_repeatsRefused.Enabled && request.RequestUri is { IsAbsoluteUri: true } uri)
        {
            OriginTags tags = OriginTags.Of(OriginKey.Of(uri));
            Count(_repeatsRefused, tags.Address, tags.Port, new(TelemetryTags.RequestMethod, TelemetryTags.Method(request.Method)));
        }
    }

    /// <inheritdoc/>
    public void RuntimeRepeats(Exchange exchange)
    {
        if (_runtimeRepeats.Enabled && exchange.Request is { RequestUri: { IsAbsoluteUri: true } uri } request)
        {
            OriginTags tags = OriginTags.Of(OriginKey.Of(uri));
            Count(_runtimeRepeats, tags.Address, tags.Port, new(TelemetryTags.RequestMethod, TelemetryTags.Method(request.Method)));
        }
    }

    /// <summary>Every exchange below the guard is a request to the runtime, those it was refused a connection for at its first write too.</summary>
    private void CountRecovered(in EndedExchange ended)
    {
        if (_recovered.Enabled && ended.Decision.IsReplay())
        {
            Count(
                _recovered,
                TagsOf(ended.Exchange.Connection?.Origin.Key).Address,
                TagsOf(ended.Exchange.Connection?.Origin.Key).Port,
                new(TelemetryTags.RequestMethod, TelemetryTags.Method(ended.Exchange.Request?.Method)),
                new(TelemetryTags.ProtocolVersion, TelemetryTags.ProtocolVersionOf(ended.Exchange.Connection)),
                new(TelemetryTags.ErrorType, RuntimeErrorType.Of(ended.Failure)));
        }
    }

    private void Count(Counter<long> counter, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_cluster.Key is null)
        {
            counter.Add(1, tags);
            return;
        }

        var all = new TagList(tags) { _cluster };
        counter.Add(1, all);
    }

    private static OriginTags TagsOf(OriginKey? origin) => origin is OriginKey key ? OriginTags.Of(key) : OriginTags.Others;

    private IEnumerable<Measurement<double>> ObserveLimits()
    {
        foreach (OriginKeepAlive origin in _ledger.Snapshot())
        {
            // What leads through a proxy would stand beside the direct way with the same tags; the ledger page shows both.
            if (origin.NonIdempotentLimit is not TimeSpan limit || origin.Proxy is not null || !OriginKey.TryParse(origin.Origin, out OriginKey key))
            {
                continue;
            }

            OriginTags tags = OriginTags.Of(key);
            if (tags != OriginTags.Others)
            {
                yield return new Measurement<double>(limit.TotalSeconds, tags.Scheme, tags.Address, tags.Port, new(TelemetryTags.LimitSource, origin.NonIdempotentLimitSource.ToString()));
            }
        }
    }
}
