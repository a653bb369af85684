using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Looks at start whether YARP is here as well: it makes its clients itself, so <c>services.AddStaleConnGuard()</c> does not reach them. Whoever takes it for guarded is told once. A
/// validator because those run at start; it finds nothing invalid.
/// </summary>
internal sealed class ReverseProxyCheck(GuardRegistrations registrations, IServiceProvider services) : IValidateOptions<StaleConnGuardOptions>
{
    private const string FactoryType = "Yarp.ReverseProxy.Forwarder.IForwarderHttpClientFactory, Yarp.ReverseProxy";

    private int _told;

    public ValidateOptionsResult Validate(string? name, StaleConnGuardOptions options)
    {
        if (!registrations.GuardsReverseProxy && HasReverseProxy() && Interlocked.Exchange(ref _told, 1) == 0 && services.GetService<ILoggerFactory>() is { } loggers)
        {
            GuardLog.ReverseProxyUnguarded(loggers.CreateLogger(GuardLog.Category));
        }

        return ValidateOptionsResult.Skip;
    }

    private bool HasReverseProxy() => Type.GetType(FactoryType) is { } type && services.GetService<IServiceProviderIsService>()?.IsService(type) == true;
}
