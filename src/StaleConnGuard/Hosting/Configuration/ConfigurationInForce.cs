using Microsoft.Extensions.Configuration;

namespace StaleConnGuard.Hosting;

/// <summary>
/// One configuration section as it is in force: the last content that was accepted, whatever stands in the file meanwhile. Read for the first
/// time when options are first made. Thread-safe.
/// </summary>
internal sealed class ConfigurationInForce(IConfiguration live)
{
    // While this thread tries out a reload.
    [ThreadStatic]
    private static IReadOnlyDictionary<ConfigurationInForce, ConfigurationCopy>? t_onTrial;

    private readonly Lock _lock = new();
    private volatile ConfigurationCopy? _inForce;

    public IConfiguration Live { get; } = live;

    /// <summary>What options are to be read from.</summary>
    public IConfiguration Section =>
        t_onTrial is not null && t_onTrial.TryGetValue(this, out ConfigurationCopy? trial) ? trial.Section : InForce.Section;

    public ConfigurationCopy InForce
    {
        get
        {
            if (_inForce is null)
            {
                lock (_lock)
                {
                    _inForce ??= new ConfigurationCopy(Live);
                }
            }

            return _inForce;
        }

        set => _inForce = value;
    }

    /// <summary>Runs something for which these copies are in force, on this thread alone.</summary>
    public static void Try(IReadOnlyDictionary<ConfigurationInForce, ConfigurationCopy> candidates, Action action)
    {
        t_onTrial = candidates;
        try
        {
            action();
        }
        finally
        {
            t_onTrial = null;
        }
    }
}
