using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;

namespace StaleConnGuard.Cli;

/// <summary>Kestrel, YARP and the guard, and beside them what tells of them. Started from arguments; told to stop by a signal.</summary>
internal sealed class ProxyHost : IAsyncDisposable
{
    // What is still being answered when clients have been told to close.
    private static readonly TimeSpan s_lastAnswers = TimeSpan.FromSeconds(60);

    private readonly ProxyArguments _arguments;
    private readonly WebApplication _application;
    private readonly AdminHost? _admin;

    private ProxyHost(ProxyArguments arguments, WebApplication application, ProxyCounters counters, AdminHost? admin) =>
        (_arguments, _application, Counters, _admin) = (arguments, application, counters, admin);

    public ProxyCounters Counters { get; }

    /// <summary>Where it listens.</summary>
    public IEnumerable<Uri> Addresses => _application.Urls.Select(url => new Uri(url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal)));

    /// <exception cref="CannotProxyException">It cannot be started; the message says why.</exception>
    public static async Task<ProxyHost> StartAsync(ProxyArguments arguments, TextWriter error, CancellationToken cancellationToken)
    {
        WebApplication application = Build(arguments, error);
        var counters = new ProxyCounters(application.Services.GetRequiredService<IMeterFactory>());
        AdminHost? admin = null;
        try
        {
            application.Use(counters.CountAsync);
            application.UseWebSockets();
            application.MapReverseProxy();
            admin = arguments.Metrics is { } address ? await AdminHost.StartAsync(address, application, counters, cancellationToken) : null;
            await application.StartAsync(cancellationToken);
            return new ProxyHost(arguments, application, counters, admin);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await StopAsync(application, counters, admin);
            throw ProxyFailure.Of(e, arguments) ?? e;
        }
    }

    /// <summary>What it does, for people.</summary>
    public IEnumerable<string> Describe()
    {
        string upstreams = _arguments.Config is { } file ? $"what {file} says" : string.Join(", ", _arguments.Upstreams);
        yield return $"Listening on {string.Join(", ", _application.Urls)}, forwarding to {upstreams}";
        if (_admin is not null)
        {
            yield return $"Metrics at {_admin.Address}/metrics, health at {_admin.Address}/healthz";
        }
    }

    /// <summary>Completes when a signal or the token has stopped it, clients have been told to close, and what was under way is answered.</summary>
    public Task RunUntilStoppedAsync(CancellationToken cancellationToken) => _application.WaitForShutdownAsync(cancellationToken);

    public ValueTask DisposeAsync() => StopAsync(_application, Counters, _admin);

    private static async ValueTask StopAsync(WebApplication application, ProxyCounters counters, AdminHost? admin)
    {
        if (admin is not null)
        {
            await admin.DisposeAsync();
        }

        counters.Dispose();
        await application.DisposeAsync();
    }

    private static WebApplication Build(ProxyArguments arguments, TextWriter error)
    {
        // Empty: no settings from the folder or the environment that one happens to be in.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "staleconn" });
        IConfigurationSection? guard = null;
        if (arguments.Config is { } file)
        {
            ProxyConfigFile.Add(builder.Configuration, file);
            guard = builder.Configuration.GetSection("StaleConnGuard");
        }

        // Why it does not start is said once, in one line, by the command.
        builder.Logging.SetMinimumLevel(LogLevel.Warning)
            .AddFilter("StaleConnGuard", LogLevel.Information)
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)

            // Where its keys are is of interest to session affinity by cookie only, which fails by itself when a key is lost.
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
            .AddConfiguration(builder.Configuration.GetSection("Logging"));
#pragma warning disable CA2000 // The container disposes it.
        builder.Logging.AddProvider(new LineLoggerProvider(error));
#pragma warning restore CA2000
        AddServer(builder, arguments);
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = arguments.Drain + s_lastAnswers);
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        builder.Services.AddSingleton<UpstreamHealthPolicy>();
        builder.Services.AddSingleton<IPassiveHealthCheckPolicy>(services => services.GetRequiredService<UpstreamHealthPolicy>());
        builder.Services.AddSingleton<IForwarderHttpClientFactory>(services => ActivatorUtilities.CreateInstance<UpstreamHandlerFactory>(services, arguments.UpstreamWait));
        IReverseProxyBuilder proxy = builder.Services.AddReverseProxy();
        if (guard is null)
        {
            proxy.LoadUpstreams(arguments.Upstreams).AddStaleConnGuard(options => options.KeepAlive.ServerTimeout = arguments.ServerTimeout);
        }
        else
        {
            proxy.LoadFromConfig(builder.Configuration.GetSection(ProxyConfigFile.ReverseProxy)).AddStaleConnGuard(guard);
        }

        proxy.AddStaleConnGuardHeader();
        return builder.Build();
    }

    private static void AddServer(WebApplicationBuilder builder, ProxyArguments arguments)
    {
        IConfigurationSection kestrelSection = builder.Configuration.GetSection("Kestrel");
        bool isConfigured = kestrelSection.GetSection("Endpoints").GetChildren().Any();
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.KeepAliveTimeout = arguments.FrontTimeout;

            // Sizes and paces are the upstream's business.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            if (isConfigured && arguments.Listen is null)
            {
                kestrel.Configure(kestrelSection, reloadOnChange: true);
            }
        });
        builder.WebHost.AdvertiseKeepAlive(options => options.Drain = arguments.Drain);
        if (!isConfigured || arguments.Listen is not null)
        {
            builder.WebHost.UseUrls(arguments.Listen ?? ProxyArguments.UsualListen);
        }
    }
}
