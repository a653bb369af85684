using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>
/// What the application asked for while it registered its services: which clients are guarded, and from which sections. Written at registration
/// only, in any order; read from then on.
/// </summary>
internal sealed class GuardRegistrations(IServiceCollection services)
{
    private readonly Dictionary<string, bool> _clients = new(StringComparer.Ordinal);
    private readonly List<ConfigurationInForce> _sections = [];
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);
    private bool _everyClient;

    /// <summary>All configuration sections.</summary>
    public IReadOnlyList<ConfigurationInForce> Sections => _sections;

    /// <summary>Clients that were named in a call.</summary>
    public IEnumerable<string> RegisteredClients => _clients.Keys;

    /// <summary>Everything that the application registered.</summary>
    public IEnumerable<ServiceDescriptor> Services { get; } = services;

    /// <summary>Finds the registrations of this collection, or begins them.</summary>
    public static GuardRegistrations In(IServiceCollection services)
    {
        foreach (ServiceDescriptor descriptor in services)
        {
            if (descriptor.ServiceType == typeof(GuardRegistrations) && descriptor.ImplementationInstance is GuardRegistrations existing)
            {
                return existing;
            }
        }

        var registrations = new GuardRegistrations(services);
        services.AddSingleton(registrations);
        return registrations;
    }

    /// <param name="services">Where the options are set up.</param>
    /// <param name="client">The client's name; null for every client.</param>
    /// <param name="configure">What to set, if anything.</param>
    /// <param name="section">What to read, if anything.</param>
    public void Add(IServiceCollection services, string? client, Action<StaleConnGuardOptions>? configure = null, IConfiguration? section = null)
    {
        Set(client, isGuarded: true);
        string name = client ?? Options.DefaultName;
        if (_named.Add(name))
        {
            services.AddSingleton<IOptionsChangeTokenSource<StaleConnGuardOptions>>(
                provider => new GuardReloadTokenSource(name, provider.GetRequiredService<GuardReloads>()));
        }

        if (configure is null && section is null)
        {
            return;
        }

        ConfigurationInForce? inForce = null;
        if (section is not null)
        {
            inForce = new ConfigurationInForce(section);
            _sections.Add(inForce);
        }

        services.AddSingleton<IConfigureOptions<StaleConnGuardOptions>>(new GuardRegistration(client, configure, inForce));
    }

    /// <summary>Takes a client out, whatever is said for every client; null for all of which nothing else is said. The later call counts.</summary>
    public void Remove(string? client) => Set(client, isGuarded: false);

    public bool Guards(string client) => _clients.TryGetValue(client, out bool isGuarded) ? isGuarded : _everyClient;

    /// <summary>Every client that is named anywhere, and the options without a name: those must be valid.</summary>
    public IEnumerable<string> ClientNames() =>
        _clients.Keys
            .Prepend(Options.DefaultName)
            .Concat(_sections.SelectMany(static section => StaleConnGuardConfiguration.ClientNames(section.Section)))
            .Distinct(StringComparer.Ordinal);

    private void Set(string? client, bool isGuarded)
    {
        if (client is null)
        {
            _everyClient = isGuarded;
        }
        else
        {
            _clients[client] = isGuarded;
        }
    }
}
