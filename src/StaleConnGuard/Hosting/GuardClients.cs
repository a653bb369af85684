using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>The settings of each named client, outliving its handlers, and kept up to date when its options change.</summary>
internal sealed class GuardClients : IDisposable
{
    private readonly ConcurrentDictionary<string, GuardSettingsHolder> _holders = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ClientTimeout> _timeouts = new(StringComparer.Ordinal);
    private readonly IOptionsMonitor<StaleConnGuardOptions> _options;
    private readonly IDisposable? _subscription;

    public GuardClients(IOptionsMonitor<StaleConnGuardOptions> options, GuardReloads reloads)
    {
        _options = options;
        reloads.WhenAccepted(RefreshAll);
        _subscription = options.OnChange((_, name) => Refresh(name ?? Options.DefaultName));
    }

    /// <summary>The options in force: the last valid ones.</summary>
    /// <exception cref="OptionsValidationException">The client's options are not valid, and never were.</exception>
    public StaleConnGuardOptions OptionsOf(string client) => _options.Get(client);

    public GuardSettingsHolder SettingsOf(string client) =>
        _holders.GetOrAdd(client, static (name, self) => new GuardSettingsHolder(SettingsOf(self.OptionsOf(name))), this);

    /// <summary>Where each client of the name is noted when it is made, for its <see cref="HttpClient.Timeout"/>.</summary>
    public ClientTimeout TimeoutOf(string client) => _timeouts.GetOrAdd(client, static _ => new ClientTimeout());

    public void Dispose() => _subscription?.Dispose();

    private void RefreshAll()
    {
        foreach (string client in _holders.Keys)
        {
            Refresh(client);
        }
    }

    private void Refresh(string client)
    {
        if (_holders.TryGetValue(client, out GuardSettingsHolder? holder))
        {
            holder.Current = SettingsOf(OptionsOf(client), holder.Current);
        }
    }

    private static GuardSettings SettingsOf(StaleConnGuardOptions options, GuardSettings? before = null) =>
        new(options, before);
}
