using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Takes a reload of the configuration sections whole or not at all: it is in force when the options of every client are valid with it, and
/// else the last valid one stays. Thread-safe.
/// </summary>
internal sealed class GuardReloads(
    GuardRegistrations registrations,
    IOptionsMonitorCache<StaleConnGuardOptions> cache,
    ILoggerFactory loggers) : IDisposable
{
    private readonly Lock _reloading = new();
    private readonly List<IDisposable> _subscriptions = [];
    private readonly List<Action> _listeners = [];
    private readonly ILogger _logger = loggers.CreateLogger(GuardLog.Category);
    private Action<string>? _check;
    private Dictionary<ConfigurationInForce, ConfigurationCopy>? _rejected;
    private CancellationTokenSource _accepted = new();

    /// <summary>Has something called whenever a reload has been taken.</summary>
    public void WhenAccepted(Action action)
    {
        lock (_reloading)
        {
            _listeners.Add(action);
        }
    }

    /// <summary>Begins to watch the sections.</summary>
    /// <param name="check">Makes the options of a client and throws when they are not valid.</param>
    public void Watch(Action<string> check)
    {
        lock (_reloading)
        {
            _check = check;
            var seen = new List<IChangeToken>();
            foreach (ConfigurationInForce section in registrations.Sections)
            {
                _ = section.InForce;

                // Sections of one configuration share their token; listening twice would look at each reload twice.
                IChangeToken token = section.Live.GetReloadToken();
                if (!seen.Exists(other => ReferenceEquals(other, token)))
                {
                    seen.Add(token);
                    _subscriptions.Add(ChangeToken.OnChange(section.Live.GetReloadToken, Reload));
                }
            }
        }
    }

    /// <summary>Fires when the next reload is taken.</summary>
    public IChangeToken GetToken() => new CancellationChangeToken(Volatile.Read(ref _accepted).Token);

    public void Dispose()
    {
        foreach (IDisposable subscription in _subscriptions)
        {
            subscription.Dispose();
        }
    }

    private void Reload()
    {
        lock (_reloading)
        {
            Dictionary<ConfigurationInForce, ConfigurationCopy> candidates =
                registrations.Sections.ToDictionary(static section => section, static section => new ConfigurationCopy(section.Live));

            // Configuration tells of a reload when anything at all has changed, and often twice.
            bool isInForce = candidates.All(static candidate => candidate.Value.IsSameAs(candidate.Key.InForce));
            if (isInForce && _rejected is null)
            {
                return;
            }

            if (_rejected is not null && candidates.All(candidate => candidate.Value.IsSameAs(_rejected[candidate.Key])))
            {
                return;
            }

            if (!isInForce && !IsValid(candidates))
            {
                _rejected = candidates;
                return;
            }

            foreach ((ConfigurationInForce section, ConfigurationCopy copy) in candidates)
            {
                section.InForce = copy;
            }

            _rejected = null;
            GuardLog.ReloadAccepted(_logger);
        }

        Announce();
    }

    private bool IsValid(Dictionary<ConfigurationInForce, ConfigurationCopy> candidates)
    {
        try
        {
            ConfigurationInForce.Try(candidates, () =>
            {
                foreach (string client in registrations.ClientNames())
                {
                    _check!(client);
                }
            });
            return true;
        }
        catch (Exception e)
        {
            // Whatever it is, the application's own setups included: what worked before goes on.
            GuardLog.ReloadRejected(_logger, e.Message);
            return false;
        }
    }

    private void Announce()
    {
        // Also what failed before is kept there.
        cache.Clear();
        Action[] listeners;
        lock (_reloading)
        {
            listeners = [.. _listeners];
        }

        foreach (Action listener in listeners)
        {
            listener();
        }

        using CancellationTokenSource taken = Interlocked.Exchange(ref _accepted, new CancellationTokenSource());
        taken.Cancel();
    }
}
