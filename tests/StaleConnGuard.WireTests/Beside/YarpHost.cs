using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>YARP on loopback with one cluster and a route to it for everything.</summary>
internal sealed class YarpHost : IAsyncDisposable
{
    public const string Cluster = "orders";

    private readonly WebApplication _application;

    private YarpHost(WebApplication application) => _application = application;

    public Uri Address => new(_application.Urls.First());

    public IServiceProvider Services => _application.Services;

    public static async Task<YarpHost> StartAsync(
        Uri upstream,
        Action<IReverseProxyBuilder> configure,
        IReadOnlyDictionary<string, string>? metadata = null,
        Action<IServiceCollection>? services = null,
        Version? version = null,
        HttpProtocols protocols = HttpProtocols.Http1,
        Action<WebApplication>? application = null,
        ILoggerProvider? logs = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (logs is not null)
        {
            builder.Logging.AddProvider(logs);
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols);
        });
        builder.Services.AddSingleton(new KeepAliveLedger());
        services?.Invoke(builder.Services);
        IReverseProxyBuilder proxy = builder.Services.AddReverseProxy().LoadFromMemory([Route], [ClusterOf(upstream, metadata, version)]);
        configure(proxy);
        WebApplication made = builder.Build();
        application?.Invoke(made);
        made.UseWebSockets();
        made.MapReverseProxy();
        await made.StartAsync();
        return new YarpHost(made);
    }

    public void Update(Uri upstream, IReadOnlyDictionary<string, string>? metadata) =>
        Services.GetRequiredService<InMemoryConfigProvider>().Update([Route], [ClusterOf(upstream, metadata, version: null)]);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    private static RouteConfig Route => new() { RouteId = "all", ClusterId = Cluster, Match = new RouteMatch { Path = "{**rest}" } };

    private static ClusterConfig ClusterOf(Uri upstream, IReadOnlyDictionary<string, string>? metadata, Version? version) => new()
    {
        ClusterId = Cluster,
        Metadata = metadata,
        HttpClient = new HttpClientConfig { DangerousAcceptAnyServerCertificate = true },
        HttpRequest = new ForwarderRequestConfig { Version = version, VersionPolicy = version is null ? null : HttpVersionPolicy.RequestVersionExact },
        Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = upstream.ToString() } },
    };
}
