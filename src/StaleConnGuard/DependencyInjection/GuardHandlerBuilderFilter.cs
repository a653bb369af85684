using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard;

/// <summary>
/// Puts the guard around the primary handler of each guarded client, after everything the application configured has run: whatever
/// order the registrations came in, the guard ends up innermost and the retries outermost.
/// </summary>
internal sealed class GuardHandlerBuilderFilter(
    GuardRegistrations registrations,
    GuardClients clients,
    KeepAliveLedger ledger,
    ILoggerFactory loggers,
    TimeProvider? time = null) : IHttpMessageHandlerBuilderFilter
{
    private readonly ILogger _logger = loggers.CreateLogger(GuardLog.Category);
    private readonly LoggingGuardObserver _observer = new(loggers.CreateLogger(GuardLog.Category));

    public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) =>
        builder =>
        {
            next(builder);
            string client = builder.Name ?? string.Empty;
            if (registrations.Guards(client))
            {
                builder.PrimaryHandler = Guard(client, builder.PrimaryHandler);
            }
        };

    private HttpMessageHandler Guard(string client, HttpMessageHandler primary)
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

        StaleConnGuardOptions options = clients.OptionsOf(client);
        if (innermost is not SocketsHttpHandler sockets)
        {
            GuardLog.ForeignPrimaryHandler(_logger, client, innermost.GetType().Name);
            return primary;
        }

        var own = new ConnectionGuard(ledger, time ?? TimeProvider.System) { Observer = _observer };
        if (GuardedConnections.Prepare(sockets, own, options) is not ConnectionGuard guard)
        {
            GuardLog.HandlerInUse(_logger, client);
            return primary;
        }

        var guarded = new ConnectionGuardHandler(guard, clients.SettingsOf(client), sockets);
        if (above is null)
        {
            return guarded;
        }

        above.InnerHandler = guarded;
        return primary;
    }
}
