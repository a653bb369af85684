using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>A real Kestrel on loopback or at the far end of a link.</summary>
public sealed class KestrelUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private bool _stopped;

    private KestrelUnderTest(WebApplication app) => _app = app;

    public FakeLoggerProvider Log { get; private init; } = new();

    public IServiceProvider Services => _app.Services;

    public Uri Uri => new(_app.Urls.Single());

    public static async Task<KestrelUnderTest> StartAsync(
        Action<WebApplicationBuilder> configure, Action<WebApplication> map, HttpProtocols protocols = HttpProtocols.Http1, DelayedLink? link = null, X509Certificate2? certificate = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        var log = new FakeLoggerProvider();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(link?.ServerAddress ?? IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        if (link is not null)
        {
            builder.Services.Configure<SocketTransportOptions>(sockets =>
                sockets.CreateBoundListenSocket = endPoint => link.InServerNamespace(() => SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint)));
        }

        configure(builder);
        WebApplication app = builder.Build();
        map(app);
        await app.StartAsync();
        return new KestrelUnderTest(app) { Log = log };
    }

    /// <summary>Begins the shutdown as a signal does: the application is told first, the host stops after.</summary>
    public async Task StopAsync()
    {
        _stopped = true;
        _app.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await _app.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            // What a test did not close itself need not be waited for.
            using var now = new CancellationTokenSource();
            await now.CancelAsync();
            await _app.StopAsync(now.Token);
        }

        await _app.DisposeAsync();
    }
}
