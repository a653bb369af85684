using Microsoft.Extensions.Options;

namespace StaleConnGuard;

/// <summary>Makes guarded message handlers without dependency injection.</summary>
public static class StaleConnGuardHandler
{
    /// <summary>Makes a handler chain that guards connections and repeats requests as <paramref name="options"/> say.</summary>
    /// <param name="options">The options; defaults when null. Read once; later changes have no effect.</param>
    /// <param name="handler">The handler to guard, not yet used; a new one when null. Owned by the result.</param>
    /// <returns>The outermost handler of the chain, for <see cref="HttpClient"/> or <see cref="HttpMessageInvoker"/>. Thread-safe.</returns>
    /// <exception cref="OptionsValidationException">An option is out of its range; the message names key, value and range.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="handler"/> has sent a request already and can no longer be changed.</exception>
    public static HttpMessageHandler Create(StaleConnGuardOptions? options = null, SocketsHttpHandler? handler = null) =>
        Create(options ?? new StaleConnGuardOptions(), handler ?? new SocketsHttpHandler(), KeepAliveLedger.Shared, new MeteringGuardObserver(GuardMetrics.Shared));

    internal static HttpMessageHandler Create(StaleConnGuardOptions options, SocketsHttpHandler handler, KeepAliveLedger ledger, IGuardObserver? observer)
    {
        IReadOnlyList<string> failures = StaleConnGuardOptionsRules.Check(options);
        if (failures.Count > 0)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(StaleConnGuardOptions), failures);
        }

        var settings = new GuardSettingsHolder(new GuardSettings(options.KeepAlive, options.Replay));
        var own = new ConnectionGuard(ledger, TimeProvider.System) { Observer = observer, Watcher = ExchangeWatcher.Instance };
        if (GuardedConnections.Prepare(handler, own, options, settings) is not ConnectionGuard guard)
        {
            throw new InvalidOperationException("The handler has sent a request already, so its connections can no longer be guarded; pass one that has not.");
        }

        var guarded = new ConnectionGuardHandler(guard, settings, handler);
        if (!RetryHandler.IsNeeded(options))
        {
            return guarded;
        }

        var retries = new RetryHandler(options.Retry, options.Replay, new RetryServices { Observer = new MeteringRetryObserver(GuardMetrics.Shared, NoRetryObserver.Instance) })
        {
            InnerHandler = guarded,
        };

        // A pipeline of the application's may hold a hedging strategy, which copies the message.
        return options.Retry is { Enabled: true, ConfigurePipeline: not null } ? new RequestIdentityHandler { InnerHandler = retries } : retries;
    }
}
