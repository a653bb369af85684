using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace StaleConnGuard.Hosting;

/// <summary>
/// The settings of each named client, outliving its handlers, and kept up to date when the configuration is reloaded. A reload that is not
/// valid is logged and changes nothing.
/// </summary>
internal sealed class GuardClients : IDisposable
{
    private readonly ConcurrentDictionary<string, GuardSettingsHolder> _holders = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ClientTimeout> _timeouts = new(StringComparer.Ordinal);
    private readonly List<IDisposable> _subscriptions = [];
    private readonly IOptionsMonitor<StaleConnGuardOptions> _options;
    private readonly IOptionsMonitorCache<StaleConnGuardOptions> _cache;
    private readonly ILogger _logger;

    public GuardClients(
        GuardRegistrations registrations,
        IOptionsMonitor<StaleConnGuardOptions> options,
        IOptionsMonitorCache<StaleConnGuardOptions> cache,
        ILoggerFactory loggers)
    {
        _options = options;
        _cache = cache;
        _logger = loggers.CreateLogger(GuardLog.Category);

        foreach (IConfiguration section in registrations.Sections)
        {
            _subscriptions.Add(ChangeToken.OnChange(section.GetReloadToken, ReloadAll));
        }

        if (options.OnChange((_, name) => Reload(name ?? Options.DefaultName)) is IDisposable subscription)
        {
            _subscriptions.Add(subscription);
        }
    }

    /// <exception cref="OptionsValidationException">The client's options are not valid.</exception>
    public StaleConnGuardOptions OptionsOf(string client) => _options.Get(client);

    public GuardSettingsHolder SettingsOf(string client) =>
        _holders.GetOrAdd(client, static (name, self) => new GuardSettingsHolder(SettingsOf(self.OptionsOf(name))), this);

    /// <summary>Where the client's <see cref="HttpClient.Timeout"/> is noted each time a client is made.</summary>
    public ClientTimeout TimeoutOf(string client) => _timeouts.GetOrAdd(client, static _ => new ClientTimeout());

    public void Dispose()
    {
        foreach (IDisposable subscription in _subscriptions)
        {
            subscription.Dispose();
        }
    }

    private void ReloadAll()
    {
        foreach (string client in _holders.Keys)
        {
            _cache.TryRemove(client);
            Reload(client);
        }
    }

    private void Reload(string client)
    {
        if (!_holders.TryGetValue(client, out GuardSettingsHolder? holder))
        {
            return;
        }

        try
        {
            holder.Current = SettingsOf(OptionsOf(client));
        }
        catch (Exception e) when (e is OptionsValidationException or InvalidOperationException or FormatException)
        {
            GuardLog.ReloadRejected(_logger, client, e.Message);
        }
    }

    private static GuardSettings SettingsOf(StaleConnGuardOptions options) => new(options.KeepAlive, options.Replay);
}
