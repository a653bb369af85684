using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>Kestrel in this process; on a link its listening socket is made in the server's namespace.</summary>
internal sealed class KestrelServer : RealServer
{
    private readonly WebApplication _application;
    private readonly ExecutionLog _executions;

    private KestrelServer(WebApplication application, ExecutionLog executions)
        : base(Kestrel, new Uri(application.Urls.Single())) => (_application, _executions) = (application, executions);

    public static async Task<RealServer> StartAsync(TimeSpan idleTimeout, DelayedLink? link)
    {
        var executions = new ExecutionLog();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.KeepAliveTimeout = idleTimeout;
            kestrel.Listen(link?.ServerAddress ?? IPAddress.Loopback, port: 0);
        });
        if (link is not null)
        {
            builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket =
                endPoint => link.InServerNamespace(() => SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint)));
        }

        WebApplication application = builder.Build();
        application.Run(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            _ = executions.Add(context.Request.Headers["X-Request-Id"], new Execution(0, 0));
            await context.Response.WriteAsync("ok\n");
        });
        await application.StartAsync();
        return new KestrelServer(application, executions);
    }

    public override Task<ExecutionLog> ReadExecutionsAsync() => Task.FromResult(_executions);

    public override async ValueTask DisposeAsync()
    {
        // Clients may still hold connections: nothing is waited for.
        await _application.StopAsync(new CancellationToken(canceled: true));
        await _application.DisposeAsync();
    }

    protected override string? WhyEnded() => null;
}
