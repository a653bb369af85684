using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Finds configuration that nobody uses: a section that is not there, a client's settings under a name that no client has. Looked for at start,
/// and again when a client is made whose name was not known then. Each is said once.
/// </summary>
internal sealed class UnusedConfiguration(GuardRegistrations registrations, ClientNames names, IServiceProvider services, ILoggerFactory loggers)
{
    private readonly ConcurrentDictionary<string, bool> _said = new(StringComparer.OrdinalIgnoreCase);
    private readonly ILogger _logger = loggers.CreateLogger(GuardLog.Category);
    private int _started;

    /// <summary>What can be told before any client is made. Does nothing when called again.</summary>
    public void LookAtStart()
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            return;
        }

        foreach (ConfigurationInForce section in registrations.Sections)
        {
            LookForTheSection(section.Live);
            LookForClients(section);
        }
    }

    /// <summary>A client has been made: its settings may stand under a name that is only nearly its own.</summary>
    public void OnClientMade(string client)
    {
        LookAtStart();
        if (client.Length == 0 || !names.Add(client))
        {
            return;
        }

        foreach (ConfigurationInForce section in registrations.Sections)
        {
            foreach ((string key, string path) in Clients(section))
            {
                if (!names.Contains(key) && NearestName.Of(key, [client]) is not null)
                {
                    Say(path, $"no client of that name is known.{NearestName.Suggestion(key, [client])}");
                }
            }
        }
    }

    private void LookForTheSection(IConfiguration live)
    {
        if (live is not IConfigurationSection section || section.Exists())
        {
            return;
        }

        IEnumerable<IConfigurationSection> siblings = Siblings(section.Path);
        if (siblings.Any(sibling => sibling.Key.Equals(section.Key, StringComparison.OrdinalIgnoreCase)))
        {
            // There, and empty.
            return;
        }

        Say(section.Path, $"there is no such section, so that it sets nothing.{NearestName.Suggestion(section.Key, siblings.Select(static sibling => sibling.Key))}");
    }

    private IEnumerable<IConfigurationSection> Siblings(string path)
    {
        if (services.GetService(typeof(IConfiguration)) is not IConfiguration configuration)
        {
            return [];
        }

        return ConfigurationPath.GetParentPath(path) is { } parent ? configuration.GetSection(parent).GetChildren() : configuration.GetChildren();
    }

    private void LookForClients(ConfigurationInForce section)
    {
        foreach ((string key, string path) in Clients(section))
        {
            if (names.Find(key) is { } client)
            {
                if (!registrations.Guards(client))
                {
                    Say(path, "that client is taken out with RemoveStaleConnGuard().");
                }
            }
            else if (names.HasAny)
            {
                // Without any name that is known there is nothing to compare with: names are known when clients are made.
                Say(path, $"no client of that name is known at start.{NearestName.Suggestion(key, names.All)} Known are {string.Join(", ", names.All)}; a client that has nothing but its name becomes known with AddStaleConnGuard() on it.");
            }
        }
    }

    private static IEnumerable<(string Key, string Path)> Clients(ConfigurationInForce section) =>
        section.InForce.Section.GetSection(StaleConnGuardConfiguration.Clients).GetChildren().Select(static client => (client.Key, client.Path));

    private void Say(string path, string reason)
    {
        if (_said.TryAdd(path, true))
        {
            GuardLog.UnusedConfiguration(_logger, path, reason);
        }
    }
}
