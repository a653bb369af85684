using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Hosting;

/// <summary>What a handler that was made without the factory tells of itself, and to whom.</summary>
internal sealed class HandlerServices
{
    /// <summary>What logs say where the factory's clients have their name.</summary>
    private const string Client = "StaleConnGuardHandler.Create";

    private readonly ILogger? _logger;
    private readonly IMeterFactory? _meters;

    public HandlerServices(ILoggerFactory? loggers, IMeterFactory? meters, TimeProvider? time, KeepAliveLedger ledger, IGuardEvents? listener = null)
    {
        _logger = loggers?.CreateLogger(GuardLog.Category);
        _meters = meters;
        Time = time ?? TimeProvider.System;
        GuardMetrics metrics = GuardMetrics.Of(meters, ledger);
        Listeners = listener is not null ? [listener, ExchangeFollower.Instance]
            : _logger is null ? [metrics, ExchangeFollower.Instance]
            : [metrics, new LogListener(_logger), ExchangeFollower.Instance];
        Retries = new RetryServices { Budgets = RetryBudgetRegistry.For(Time), Events = new GuardEvents(Listeners) };
    }

    public TimeProvider Time { get; }

    /// <summary>Who is told what happens.</summary>
    public IGuardEvents[] Listeners { get; }

    /// <summary>Finds the addresses of a name; null for the system's resolver.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>>? ResolveName { get; init; }

    /// <summary>What closed connections may hold of the machine's ports.</summary>
    public EphemeralPorts Ports { get; init; } = EphemeralPorts.OfSystem;

    /// <summary>Who is asked about the sockets.</summary>
    public ITcpProbe Probe { get; init; } = KernelProbe.Instance;

    public RetryServices Retries { get; }

    /// <summary>Has the runtime's own instruments made by the same factory, as those of the factory's clients are.</summary>
    public void ShareMeters(SocketsHttpHandler handler)
    {
        if (_meters is not null && handler.MeterFactory is null && GuardedConnections.CanStillBeSet(handler))
        {
            handler.MeterFactory = _meters;
        }
    }

    public void SayHandlerInUse()
    {
        if (_logger is not null)
        {
            GuardLog.HandlerInUse(_logger, Client);
        }
    }

    public void SayWhatRaces(StaleConnGuardOptions options, SocketsHttpHandler handler)
    {
        if (_logger is null)
        {
            return;
        }

        foreach (StartupFinding finding in StartupCheck.Find(options, handler.PooledConnectionIdleTimeout))
        {
            GuardLog.SettingsRace(_logger, Client, finding.Message);
        }
    }
}
