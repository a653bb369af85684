using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace StaleConnGuard.Hosting;

/// <summary>Lets listeners of <see cref="IOptionsMonitor{TOptions}"/> hear of a reload that was taken.</summary>
internal sealed class GuardReloadTokenSource(string name, GuardReloads reloads) : IOptionsChangeTokenSource<StaleConnGuardOptions>
{
    public string? Name { get; } = name;

    public IChangeToken GetChangeToken() => reloads.GetToken();
}
