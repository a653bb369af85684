using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StaleConnGuard.Hosting;

namespace StaleConnGuard;

/// <summary>
/// Makes guarded message handlers for whoever does not use <see cref="IHttpClientFactory"/>: a reverse proxy, an SDK, a console application.
/// The result is the outermost handler of the chain, for <see cref="HttpClient"/> or <see cref="HttpMessageInvoker"/>, and thread-safe.
/// </summary>
public static class StaleConnGuardHandler
{
    /// <summary>Makes a handler chain that guards connections and repeats requests as <paramref name="options"/> say. It writes no logs.</summary>
    /// <param name="options">The options; defaults when null. Read once; later changes have no effect.</param>
    /// <param name="handler">
    /// The handler to guard, not yet used: a <see cref="SocketsHttpHandler"/> or a <see cref="HttpClientHandler"/>; a new one when null. Owned by the result.
    /// </param>
    /// <returns>The outermost handler of the chain; <paramref name="handler"/> itself when <see cref="StaleConnGuardOptions.Enabled"/> is off.</returns>
    /// <exception cref="OptionsValidationException">An option is out of its range; the message names key, value and range.</exception>
    /// <exception cref="ArgumentException"><paramref name="handler"/> is of another type; put handlers of your own around the result.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="handler"/> has sent a request already and can no longer be changed.</exception>
    [OverloadResolutionPriority(1)]
    public static HttpMessageHandler Create(StaleConnGuardOptions? options = null, HttpMessageHandler? handler = null) =>
        Create(loggerFactory: null, meterFactory: null, timeProvider: null, options, handler);

    /// <summary>The same with default options.</summary>
    /// <inheritdoc cref="Create(StaleConnGuardOptions, HttpMessageHandler)"/>
    public static HttpMessageHandler Create(HttpMessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Create(options: null, handler);
    }

    /// <summary>The same, with options that <paramref name="configure"/> sets.</summary>
    /// <param name="configure">Called once, with the defaults.</param>
    /// <param name="handler">As above.</param>
    /// <inheritdoc cref="Create(StaleConnGuardOptions, HttpMessageHandler)"/>
    public static HttpMessageHandler Create(Action<StaleConnGuardOptions> configure, HttpMessageHandler? handler = null)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new StaleConnGuardOptions();
        configure(options);
        return Create(options, handler);
    }

    /// <summary>The same, with the logs, meters and clock of a container, and its options for every client.</summary>
    /// <param name="services">Asked for <see cref="ILoggerFactory"/>, <see cref="IMeterFactory"/>, <see cref="TimeProvider"/>; none has to be there.</param>
    /// <param name="options">
    /// The options; when null those of <paramref name="services"/> without a name (<see cref="IOptionsMonitor{TOptions}.CurrentValue"/>), as
    /// <c>AddStaleConnGuard</c> and <c>Configure</c> set them. Read once; later changes have no effect.
    /// </param>
    /// <param name="handler">As above.</param>
    /// <inheritdoc cref="Create(StaleConnGuardOptions, HttpMessageHandler)"/>
    public static HttpMessageHandler Create(IServiceProvider services, StaleConnGuardOptions? options = null, HttpMessageHandler? handler = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        options ??= Find<IOptionsMonitor<StaleConnGuardOptions>>(services)?.CurrentValue;
        var ledger = Find<KeepAliveLedger>(services) ?? KeepAliveLedger.Shared;
        return Create(options, handler, ledger, new HandlerServices(Find<ILoggerFactory>(services), Find<IMeterFactory>(services), Find<TimeProvider>(services), ledger));
    }

    /// <summary>The same, with the logs, meters and clock that are given.</summary>
    /// <param name="loggerFactory">Where logs go; nowhere when null.</param>
    /// <param name="meterFactory">What makes the meter; when null it is shared by all handlers of the process that were made without one.</param>
    /// <param name="timeProvider">The clock of idle ages, delays and budgets; the system's when null.</param>
    /// <param name="options">The options; defaults when null. Read once; later changes have no effect.</param>
    /// <param name="handler">As above.</param>
    /// <inheritdoc cref="Create(StaleConnGuardOptions, HttpMessageHandler)"/>
    public static HttpMessageHandler Create(
        ILoggerFactory? loggerFactory, IMeterFactory? meterFactory, TimeProvider? timeProvider = null, StaleConnGuardOptions? options = null, HttpMessageHandler? handler = null) =>
        Create(options, handler, KeepAliveLedger.Shared, new HandlerServices(loggerFactory, meterFactory, timeProvider, KeepAliveLedger.Shared));

    internal static HttpMessageHandler Create(
        StaleConnGuardOptions options,
        SocketsHttpHandler handler,
        KeepAliveLedger ledger,
        IGuardEvents? listener,
        Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null,
        ITcpProbe? probe = null) =>
        Create(options, handler, ledger, new HandlerServices(loggers: null, meters: null, time: null, ledger, listener) { ResolveName = resolve, Probe = probe ?? KernelProbe.Instance });

    internal static HttpMessageHandler Create(StaleConnGuardOptions? options, HttpMessageHandler? handler, KeepAliveLedger ledger, HandlerServices services)
    {
        options ??= new StaleConnGuardOptions();
        handler ??= new SocketsHttpHandler();
        if (UnderlyingHandler.Of(handler) is not SocketsHttpHandler sockets)
        {
            throw new ArgumentException(
                $"Connections of {handler.GetType().Name} cannot be guarded; pass a SocketsHttpHandler or a HttpClientHandler, and put handlers of your own around the result.", nameof(handler));
        }

        IReadOnlyList<string> failures = StaleConnGuardOptionsRules.Check(options);
        if (failures.Count > 0)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(StaleConnGuardOptions), failures);
        }

        if (!options.Enabled)
        {
            return handler;
        }

        services.ShareMeters(sockets);
        var settings = new GuardSettingsHolder(new GuardSettings(options));
        var own = new ConnectionGuard(ledger, services.Time, services.Listeners) { ResolveName = services.ResolveName, Ports = services.Ports, Probe = services.Probe };
        if (GuardedConnections.Prepare(sockets, own, options, settings, services.SayHandlerInUse) is not ConnectionGuard guard)
        {
            throw new InvalidOperationException("The handler has sent a request already, so its connections can no longer be guarded; pass one that has not.");
        }

        services.SayWhatRaces(options, sockets);

        // A pipeline of the application's may hold a hedging strategy, which copies the message.
        object? chain = options.Retry is { Enabled: true, ConfigurePipeline: not null } ? new object() : null;
        var guarded = new ConnectionGuardHandler(guard, settings, handler) { Chain = chain };
        if (!RetryHandler.IsNeeded(options))
        {
            return guarded;
        }

        var retries = new RetryHandler(settings, services.Retries) { InnerHandler = guarded };
        return chain is null ? retries : new RequestIdentityHandler(chain) { InnerHandler = retries };
    }

    private static T? Find<T>(IServiceProvider services)
        where T : class => services.GetService(typeof(T)) as T;
}
