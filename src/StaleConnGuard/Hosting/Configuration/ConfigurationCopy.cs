using Microsoft.Extensions.Configuration;

namespace StaleConnGuard.Hosting;

/// <summary>What a configuration section held at one moment. Immutable.</summary>
internal sealed class ConfigurationCopy
{
    private readonly Dictionary<string, string?> _values = new(StringComparer.OrdinalIgnoreCase);

    public ConfigurationCopy(IConfiguration section)
    {
        // With full paths, because mistakes are reported with them.
        foreach ((string key, string? value) in section.AsEnumerable())
        {
            _values[key] = value;
        }

        IConfigurationRoot copy = new ConfigurationBuilder().AddInMemoryCollection(_values).Build();
        Section = section is IConfigurationSection { Path: string path } ? copy.GetSection(path) : copy;
    }

    public IConfiguration Section { get; }

    public bool IsSameAs(ConfigurationCopy other)
    {
        if (_values.Count != other._values.Count)
        {
            return false;
        }

        foreach ((string key, string? value) in _values)
        {
            if (!other._values.TryGetValue(key, out string? others) || !string.Equals(value, others, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}
