using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Puts the guard around the primary handler of each guarded client, and the retries above everything, after all that the application
/// configured has run: whatever order the registrations came in, the guard ends up innermost and the retries outermost.
/// </summary>
internal sealed class GuardHandlerBuilderFilter(
    GuardRegistrations registrations,
    GuardClients clients,
    KeepAliveLedger ledger,
    GuardMetrics metrics,
    UnusedConfiguration unused,
    ILoggerFactory loggers,
    TimeProvider? time = null,
    IMeterFactory? meters = null) : IHttpMessageHandlerBuilderFilter
{
    private readonly ILogger _logger = loggers.CreateLogger(GuardLog.Category);
    private readonly IGuardEvents[] _listeners = [metrics, new LogListener(loggers.CreateLogger(GuardLog.Category)), ExchangeFollower.Instance];
    private readonly ConcurrentDictionary<string, bool> _checked = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, OriginUse> _originUse = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _saidInUse = new(StringComparer.Ordinal);
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) =>
        builder =>
        {
            next(builder);
            string client = builder.Name ?? string.Empty;
            if (!registrations.Guards(client))
            {
                return;
            }

            unused.OnClientMade(client);
            StaleConnGuardOptions options = clients.OptionsOf(client);
            if (!options.Enabled)
            {
                return;
            }

            // A handler is made anew every few minutes: what is to be said of a client's settings is said once.
            bool first = _checked.TryAdd(client, true);
            HttpMessageHandler? repeater = RepeatingHandlers.Find(builder.AdditionalHandlers, builder.PrimaryHandler);
            bool mayRepeat = builder.AdditionalHandlers.Count > 0 || builder.PrimaryHandler is DelegatingHandler || options.Retry.ConfigurePipeline is not null;
            object? chain = mayRepeat ? new object() : null;
            builder.PrimaryHandler = Guard(client, builder.PrimaryHandler, options, chain, first);
            if (first && repeater is not null)
            {
                RepeatingHandlers.Tell(_logger, client, repeater, options.Retry);
            }

            // Also where nothing is retried now: a reload may change that.
            AddOutermost(builder.AdditionalHandlers, MakeRetryHandler(client, repeater));
            AddOutermost(builder.AdditionalHandlers, chain is null ? null : new RequestIdentityHandler(chain));

            if (options.KeepAlive.Origins.Count > 0)
            {
                builder.AdditionalHandlers.Insert(0, LogicalOrigin.Outer(clients.SettingsOf(client)));
            }
        };

    private static void AddOutermost<THandler>(IList<DelegatingHandler> handlers, THandler? handler)
        where THandler : DelegatingHandler
    {
        if (handler is not null && !handlers.Any(static h => h is THandler))
        {
            handlers.Insert(0, handler);
        }
    }

    private HttpMessageHandler Guard(string client, HttpMessageHandler primary, StaleConnGuardOptions options, object? chain, bool first)
    {
        // The application may have put handlers of its own around the connections: the guard goes below them.
        DelegatingHandler? above = null;
        HttpMessageHandler innermost = primary;
        while (innermost is DelegatingHandler { InnerHandler: HttpMessageHandler inner } delegating)
        {
            if (delegating is ConnectionGuardHandler)
            {
                return primary;
            }

            above = delegating;
            innermost = inner;
        }

        if (UnderlyingHandler.Of(innermost) is not SocketsHttpHandler sockets)
        {
            if (first)
            {
                GuardLog.ForeignPrimaryHandler(_logger, client, innermost.GetType().Name, UnderlyingHandler.RemedyFor(innermost));
            }

            return primary;
        }

        // The factory does the same for a primary handler it can see; behind the guard it cannot.
        if (meters is not null && sockets.MeterFactory is null && GuardedConnections.CanStillBeSet(sockets))
        {
            sockets.MeterFactory = meters;
        }

        GuardSettingsHolder settings = clients.SettingsOf(client);
        var own = new ConnectionGuard(ledger, _time, _listeners);
        if (GuardedConnections.Prepare(sockets, own, options, settings, () => SayHandlerInUse(client)) is not ConnectionGuard guard)
        {
            SayHandlerInUse(client);
            return primary;
        }

        if (first)
        {
            foreach (StartupFinding finding in StartupCheck.Find(options, sockets.PooledConnectionIdleTimeout))
            {
                GuardLog.SettingsRace(_logger, client, finding.Message);
            }
        }

        HttpMessageHandler guarded = new ConnectionGuardHandler(guard, settings, innermost) { Chain = chain };
        if (options.KeepAlive.Origins.Count > 0)
        {
            guarded = LogicalOrigin.Inner(settings, _originUse.GetOrAdd(client, static (name, said) => new OriginUse(name, said), unused), guarded);
        }

        if (above is null)
        {
            return guarded;
        }

        above.InnerHandler = guarded;
        return primary;
    }

    private void SayHandlerInUse(string client)
    {
        if (_saidInUse.TryAdd(client, true))
        {
            GuardLog.HandlerInUse(_logger, client);
        }
    }

    private RetryHandler MakeRetryHandler(string client, HttpMessageHandler? repeater) =>
        new(clients.SettingsOf(client), new RetryServices
        {
            Budgets = RetryBudgetRegistry.For(_time),
            Events = new GuardEvents(_listeners),
            StandsDownUnlessSet = repeater is not null,
            ClientTimeout = clients.TimeoutOf(client),
        });
}
