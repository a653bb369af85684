using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>Fills named options from the registrations, whatever order they were made in.</summary>
internal sealed class GuardOptionsSetup(GuardRegistrations registrations) : IConfigureNamedOptions<StaleConnGuardOptions>
{
    public void Configure(string? name, StaleConnGuardOptions options) => registrations.Apply(name, options);

    public void Configure(StaleConnGuardOptions options) => Configure(Options.DefaultName, options);
}
