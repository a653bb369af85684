using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>
/// The names of clients, as far as they can be known before they are made: those that something was configured for, keyed ones, and typed
/// ones, which are named after their type. The factory keeps no list. Thread-safe.
/// </summary>
internal sealed class ClientNames
{
    private readonly ConcurrentDictionary<string, string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _serviceTypes = new(StringComparer.OrdinalIgnoreCase);

    public ClientNames(GuardRegistrations registrations, IEnumerable<IConfigureOptions<HttpClientFactoryOptions>> setups)
    {
        foreach (string client in registrations.RegisteredClients)
        {
            _ = Add(client);
        }

        foreach (ConfigureNamedOptions<HttpClientFactoryOptions> setup in setups.OfType<ConfigureNamedOptions<HttpClientFactoryOptions>>())
        {
            _ = Add(setup.Name);
        }

        foreach (ServiceDescriptor descriptor in registrations.Services)
        {
            if (descriptor.ServiceType == typeof(HttpClient) && descriptor.ServiceKey is string key)
            {
                _ = Add(key);
            }
            else if (!descriptor.IsKeyedService)
            {
                // A typed client leaves nothing but its type.
                _serviceTypes.Add(descriptor.ServiceType.Name);
                if (IsLikeATypedClient(descriptor))
                {
                    _ = Add(descriptor.ServiceType.Name);
                }
            }
        }
    }

    public bool HasAny => !_names.IsEmpty;

    public IEnumerable<string> All => _names.Values.Order(StringComparer.Ordinal);

    /// <summary>False when it was known already, or is none.</summary>
    public bool Add(string? name) => !string.IsNullOrEmpty(name) && _names.TryAdd(name, name);

    public bool Contains(string name) => Find(name) is not null;

    /// <summary>The name as the client has it: keys in configuration do not distinguish upper and lower case.</summary>
    public string? Find(string name) =>
        _names.TryGetValue(name, out string? known) ? known : _serviceTypes.TryGetValue(name, out string? type) ? type : null;

    private static bool IsLikeATypedClient(ServiceDescriptor descriptor) =>
        descriptor is { Lifetime: ServiceLifetime.Transient, ImplementationFactory: not null, ServiceType: { IsGenericType: false, Namespace: { } space } }
        && !space.StartsWith("Microsoft.", StringComparison.Ordinal)
        && !space.StartsWith("System", StringComparison.Ordinal);
}
