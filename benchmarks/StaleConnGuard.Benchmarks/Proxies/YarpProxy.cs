using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Cli;
using StaleConnGuard.Testing;
using Yarp.ReverseProxy.Configuration;

namespace StaleConnGuard.Benchmarks;

/// <summary>YARP in this process, with one route and one destination.</summary>
internal sealed class YarpProxy : IAsyncDisposable
{
    private readonly Func<ValueTask> _stop;

    private YarpProxy(Uri address, Func<ValueTask> stop) => (Address, _stop) = (address, stop);

    public Uri Address { get; }

    /// <summary><c>staleconn proxy --config</c>.</summary>
    public static Task<YarpProxy> StartAsync(string config) => StartAsync([], config, port: 0);

    /// <param name="setup">How it is set up.</param>
    /// <param name="upstream">Where to.</param>
    /// <param name="timeout">The upstream's timeout, for who is told.</param>
    /// <param name="port">Where it listens; 0 for any port.</param>
    public static Task<YarpProxy> StartAsync(YarpSetup setup, Uri upstream, TimeSpan timeout, int port = 0) => setup is YarpSetup.Command
        ? StartAsync([upstream], config: null, port)
        : StartAsync(setup, timeout, port, proxy => proxy.LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "behind", Match = new RouteMatch { Path = "{**rest}" } }],
            [new ClusterConfig { ClusterId = "behind", Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = upstream.ToString() } } }]));

    /// <summary>With a pool of connections for each of so many clients (<see cref="SlowTraffic.AddressOf"/>), over HTTP/2.</summary>
    public static Task<YarpProxy> StartOverHttp2Async(YarpSetup setup, Uri upstream, TimeSpan timeout, int pools)
    {
        IConfiguration configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(SlowTraffic.Configuration(upstream, pools, isHttp2: true)))).Build();
        return StartAsync(setup, timeout, port: 0, proxy => proxy.LoadFromConfig(configuration.GetSection("ReverseProxy")));
    }

    private static async Task<YarpProxy> StartAsync(YarpSetup setup, TimeSpan timeout, int port, Action<IReverseProxyBuilder> load)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);

        // What one proxy learns is no help to the next in this process.
        builder.Services.AddSingleton(new KeepAliveLedger());
        IReverseProxyBuilder proxy = builder.Services.AddReverseProxy();
        load(proxy);
        if (setup is not YarpSetup.Plain)
        {
            proxy.AddStaleConnGuard(options => options.KeepAlive.ServerTimeout = setup is YarpSetup.Configured ? timeout : null);
        }

        WebApplication application = builder.Build();
        application.MapReverseProxy();
        await application.StartAsync();
        return new YarpProxy(new Uri(application.Urls.First()), async () =>
        {
            await application.StopAsync(new CancellationToken(canceled: true));
            await application.DisposeAsync();
        });
    }

    public ValueTask DisposeAsync() => _stop();

    private static async Task<YarpProxy> StartAsync(Uri[] upstreams, string? config, int port)
    {
        var arguments = new ProxyArguments($"http://127.0.0.1:{port}", upstreams, config, ServerTimeout: null, TimeSpan.FromMinutes(1), TimeSpan.Zero, TimeSpan.FromSeconds(2), Metrics: null);
        ProxyHost host = await ProxyHost.StartAsync(arguments, TextWriter.Null, CancellationToken.None);
        return new YarpProxy(host.Addresses.First(), host.DisposeAsync);
    }
}
