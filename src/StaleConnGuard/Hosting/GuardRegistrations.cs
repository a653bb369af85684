using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace StaleConnGuard.Hosting;

/// <summary>
/// What the application asked for while it registered its services: which clients are guarded, and how. Written at registration only,
/// in any order; read from then on.
/// </summary>
internal sealed class GuardRegistrations
{
    private readonly HashSet<string> _clients = new(StringComparer.Ordinal);
    private readonly List<Registration> _registrations = [];
    private bool _everyClient;

    /// <summary>Whether YARP's clients are guarded too, by the package for it.</summary>
    public bool GuardsReverseProxy { get; set; }

    /// <summary>All configuration sections, for reload.</summary>
    public IEnumerable<IConfiguration> Sections => _registrations.Select(r => r.Section).OfType<IConfiguration>();

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

        var registrations = new GuardRegistrations();
        services.AddSingleton(registrations);
        return registrations;
    }

    /// <param name="client">The client's name; null for every client.</param>
    /// <param name="configure">What to set, if anything.</param>
    /// <param name="section">What to read, if anything.</param>
    public void Add(string? client, Action<StaleConnGuardOptions>? configure = null, IConfiguration? section = null)
    {
        if (client is null)
        {
            _everyClient = true;
        }
        else
        {
            _clients.Add(client);
        }

        if (configure is not null || section is not null)
        {
            _registrations.Add(new Registration(client, configure, section));
        }
    }

    public bool Guards(string? client) => _everyClient || (client is not null && _clients.Contains(client));

    /// <summary>Applies what was said for every client, then what was said for this one, each in the order it was said.</summary>
    public void Apply(string? client, StaleConnGuardOptions options)
    {
        foreach (Registration registration in _registrations)
        {
            if (registration.Client is null)
            {
                registration.Apply(client, options);
            }
        }

        foreach (Registration registration in _registrations)
        {
            if (registration.Client is not null && string.Equals(registration.Client, client, StringComparison.Ordinal))
            {
                registration.Apply(client, options);
            }
        }
    }

    private sealed record Registration(string? Client, Action<StaleConnGuardOptions>? Configure, IConfiguration? Section)
    {
        public void Apply(string? client, StaleConnGuardOptions options)
        {
            Configure?.Invoke(options);
            if (Section is not null)
            {
                StaleConnGuardConfiguration.Apply(Section, client, options);
            }
        }
    }
}
