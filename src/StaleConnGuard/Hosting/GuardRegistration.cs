using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>What one call of <c>AddStaleConnGuard</c> said about options. Standing among the application's own setups, it keeps its turn.</summary>
/// <param name="client">The client's name; null for every client.</param>
/// <param name="configure">What to set, if anything.</param>
/// <param name="section">What to read, if anything.</param>
internal sealed class GuardRegistration(string? client, Action<StaleConnGuardOptions>? configure, ConfigurationInForce? section)
    : IConfigureNamedOptions<StaleConnGuardOptions>
{
    public string? Client { get; } = client;

    /// <summary>What was said for every client.</summary>
    public void ConfigureCommon(string name, StaleConnGuardOptions options)
    {
        if (Client is null)
        {
            configure?.Invoke(options);
            if (section is not null)
            {
                StaleConnGuardConfiguration.ApplyCommon(section.Section, name, options);
            }
        }
    }

    /// <summary>What was said for the client of that name.</summary>
    public void ConfigureOwn(string name, StaleConnGuardOptions options)
    {
        if (Client is null)
        {
            if (section is not null)
            {
                StaleConnGuardConfiguration.ApplyOwn(section.Section, name, options);
            }
        }
        else if (string.Equals(Client, name, StringComparison.Ordinal))
        {
            configure?.Invoke(options);
            if (section is not null)
            {
                StaleConnGuardConfiguration.Apply(section.Section, name, options);
            }
        }
    }

    public void Configure(string? name, StaleConnGuardOptions options)
    {
        ConfigureCommon(name ?? Options.DefaultName, options);
        ConfigureOwn(name ?? Options.DefaultName, options);
    }

    public void Configure(StaleConnGuardOptions options) => Configure(Options.DefaultName, options);
}
