using Microsoft.Extensions.Configuration;

namespace StaleConnGuard.Yarp;

/// <summary>What the application asked for, in the order it did. Written at registration only.</summary>
internal sealed class ProxyRegistrations
{
    /// <summary>A body up to this size is kept: what most requests stay below, and what a proxy can hold for each request on its way.</summary>
    public const int KeptBody = 64 * 1024;

    private readonly List<Action<string, StaleConnGuardOptions>> _steps = [];
    private readonly List<IConfiguration> _sections = [];

    public IReadOnlyList<IConfiguration> Sections => _sections;

    public void Add(Action<string, StaleConnGuardOptions> configure) => _steps.Add(configure);

    public void Add(IConfiguration section)
    {
        _sections.Add(section);
        _steps.Add((cluster, options) => StaleConnGuardConfiguration.Apply(section, cluster, options));
    }

    /// <summary>The options of a cluster, not yet checked: a proxy's defaults, what was registered, what the metadata says.</summary>
    public StaleConnGuardOptions OptionsOf(string cluster, IReadOnlyDictionary<string, string>? metadata)
    {
        var options = new StaleConnGuardOptions
        {
            // A proxy passes 502 and 503 on; it does not multiply requests.
            Retry = { Enabled = false },
            Replay = { BufferOneShotUpTo = KeptBody, BufferUnknownLength = false },
        };
        foreach (Action<string, StaleConnGuardOptions> step in _steps)
        {
            step(cluster, options);
        }

        if (ClusterMetadata.Read(metadata) is { } section)
        {
            StaleConnGuardConfiguration.Apply(section, clientName: null, options);
        }

        return options;
    }
}
