using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace StaleConnGuard.Yarp;

/// <summary>Puts the guard under the client of each cluster, with the container's ledger, meters and logs. Thread-safe.</summary>
internal sealed class ClusterGuards : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<IDisposable> _subscriptions = [];
    private readonly List<(string Cluster, IReadOnlyDictionary<string, string>? Metadata, WeakReference<GuardSettingsHolder> Settings)> _live = [];
    private readonly ProxyRegistrations _registrations;
    private readonly KeepAliveLedger _ledger;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IGuardEvents[] _listeners;

    public ClusterGuards(ProxyRegistrations registrations, KeepAliveLedger ledger, GuardMetrics metrics, ILoggerFactory loggers, TimeProvider? time = null)
    {
        _registrations = registrations;
        _ledger = ledger;
        _time = time ?? TimeProvider.System;
        _logger = loggers.CreateLogger(GuardLog.Category);
        _listeners = [metrics, new LogListener(_logger), ExchangeFollower.Instance];
        foreach (IConfiguration section in registrations.Sections)
        {
            _subscriptions.Add(ChangeToken.OnChange(section.GetReloadToken, Reload));
        }
    }

    /// <summary>A client with guarded connections: the same handlers, those of the application above the guard.</summary>
    /// <exception cref="OptionsValidationException">The cluster's options are not valid.</exception>
    public HttpMessageInvoker Guard(HttpMessageInvoker client, string cluster, IReadOnlyDictionary<string, string>? metadata)
    {
        StaleConnGuardOptions options = Checked(cluster, metadata);
        if (!options.Enabled)
        {
            return client;
        }

        DelegatingHandler? above = null;
        HttpMessageHandler outermost = InvokerHandler.Of(client);
        HttpMessageHandler innermost = outermost;
        while (innermost is DelegatingHandler { InnerHandler: HttpMessageHandler below } delegating)
        {
            if (delegating is ConnectionGuardHandler)
            {
                return client;
            }

            (above, innermost) = (delegating, below);
        }

        if (UnderlyingHandler.Of(innermost) is not SocketsHttpHandler sockets)
        {
            GuardLog.ForeignPrimaryHandler(_logger, cluster, innermost.GetType().Name, UnderlyingHandler.RemedyFor(innermost));
            return client;
        }

        var settings = new GuardSettingsHolder(SettingsOf(options));
        var own = new ConnectionGuard(_ledger, _time, _listeners);
        if (GuardedConnections.Prepare(sockets, own, options, settings, () => GuardLog.HandlerInUse(_logger, cluster)) is not ConnectionGuard guard)
        {
            GuardLog.HandlerInUse(_logger, cluster);
            return client;
        }

        foreach (StartupFinding finding in StartupCheck.Find(options, sockets.PooledConnectionIdleTimeout))
        {
            GuardLog.SettingsRace(_logger, cluster, finding.Message);
        }

        Keep(cluster, metadata, settings);
        HttpMessageHandler? repeater = RepeatingHandlers.Find([], outermost);
        if (repeater is not null)
        {
            RepeatingHandlers.Tell(_logger, cluster, repeater, options.Retry);
        }

        object? chain = above is null ? null : new object();
        HttpMessageHandler guarded = new ConnectionGuardHandler(guard, settings, innermost) { Chain = chain };
        if (RetryHandler.IsNeeded(options))
        {
            var services = new RetryServices { Budgets = RetryBudgetRegistry.For(_time), Events = new GuardEvents(_listeners), StandsDownUnlessSet = repeater is not null };
            guarded = new RetryHandler(settings, services) { InnerHandler = guarded };
        }

        if (above is null)
        {
            return new HttpMessageInvoker(guarded, disposeHandler: true);
        }

        // The application's handlers may send a request more than once.
        above.InnerHandler = guarded;
        return new HttpMessageInvoker(new RequestIdentityHandler(chain!) { InnerHandler = outermost }, disposeHandler: true);
    }

    /// <summary>What is wrong with a cluster's options, for the check when the configuration is loaded.</summary>
    public IEnumerable<string> Failures(string cluster, IReadOnlyDictionary<string, string>? metadata)
    {
        try
        {
            return StaleConnGuardOptionsRules.Check(_registrations.OptionsOf(cluster, metadata));
        }
        catch (OptionsValidationException e)
        {
            return e.Failures;
        }
        catch (FormatException e)
        {
            return [e.Message];
        }
    }

    public void Dispose()
    {
        foreach (IDisposable subscription in _subscriptions)
        {
            subscription.Dispose();
        }
    }

    private static GuardSettings SettingsOf(StaleConnGuardOptions options) => new(options);

    private StaleConnGuardOptions Checked(string cluster, IReadOnlyDictionary<string, string>? metadata)
    {
        StaleConnGuardOptions options = _registrations.OptionsOf(cluster, metadata);
        IReadOnlyList<string> failures = StaleConnGuardOptionsRules.Check(options);
        return failures.Count == 0
            ? options
            : throw new OptionsValidationException(cluster, typeof(StaleConnGuardOptions), failures.Select(line => $"Cluster '{cluster}': {line}"));
    }

    private void Keep(string cluster, IReadOnlyDictionary<string, string>? metadata, GuardSettingsHolder settings)
    {
        lock (_lock)
        {
            _live.RemoveAll(static entry => !entry.Settings.TryGetTarget(out _));
            _live.Add((cluster, metadata, new WeakReference<GuardSettingsHolder>(settings)));
        }
    }

    private void Reload()
    {
        lock (_lock)
        {
            foreach ((string cluster, IReadOnlyDictionary<string, string>? metadata, WeakReference<GuardSettingsHolder> settings) in _live)
            {
                if (!settings.TryGetTarget(out GuardSettingsHolder? holder))
                {
                    continue;
                }

                try
                {
                    holder.Current = new GuardSettings(Checked(cluster, metadata), holder.Current);
                }
                catch (Exception e) when (e is OptionsValidationException or FormatException)
                {
                    GuardLog.ReloadRejected(_logger, e.Message);
                }
            }
        }
    }
}
