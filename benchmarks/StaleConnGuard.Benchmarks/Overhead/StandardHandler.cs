using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// The standard handler of Microsoft.Extensions.Http.Resilience as <c>AddStandardResilienceHandler()</c> makes it, defaults and telemetry
/// included, without the factory's other handlers. The handlers of one instance share one pipeline, whose breaker counts them together.
/// </summary>
internal sealed class StandardHandler
{
    private const string Client = "standard";

    private readonly IServiceProvider _services;

    public StandardHandler()
    {
        var services = new ServiceCollection();
        services.AddHttpClient(Client).AddStandardResilienceHandler();
        _services = services.BuildServiceProvider();
    }

    public HttpMessageHandler Around(HttpMessageHandler inner)
    {
        HttpMessageHandlerBuilder builder = _services.GetRequiredService<HttpMessageHandlerBuilder>();
        builder.Name = Client;
        foreach (Action<HttpMessageHandlerBuilder> action in _services.GetRequiredService<IOptionsMonitor<HttpClientFactoryOptions>>().Get(Client).HttpMessageHandlerBuilderActions)
        {
            action(builder);
        }

        ResilienceHandler handler = builder.AdditionalHandlers.OfType<ResilienceHandler>().Single();
        handler.InnerHandler = inner;
        return handler;
    }
}
