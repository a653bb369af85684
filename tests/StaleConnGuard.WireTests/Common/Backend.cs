using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Racing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>
/// Kestrel as the protocol tests need it, alone or behind a proxy. <c>/execute</c> counts executions by <c>X-Request-Id</c> and takes 20 ms;
/// <c>/events</c> is an event stream with silences; <c>/socket</c> a WebSocket that echoes; <c>/sever</c> counts an execution by its headers alone
/// and closes, FIN and no answer; <c>/mirror</c> answers with the request as it came; <c>/stream</c> has no length, and trailers; <c>/none</c> no content.
/// </summary>
internal sealed class Backend : IAsyncDisposable
{
    public static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(450);

    private readonly WebApplication _app;

    private Backend(WebApplication app, ExecutionLog executions) => (_app, Executions) = (app, executions);

    public ExecutionLog Executions { get; }

    public Uri Uri => new(_app.Urls.First());

    /// <summary>What a proxy's script is told.</summary>
    public Dictionary<string, string> AsSetting => new() { ["BACKEND"] = Uri.ToString().TrimEnd('/') };

    public static async Task<Backend> StartAsync(
        HttpProtocols protocols = HttpProtocols.Http1, bool tls = false, int port = 0, ExecutionLog? executions = null, string? socketPath = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port, listen =>
            {
                listen.Protocols = protocols;
                if (tls)
                {
                    listen.UseHttps(SelfSignedCertificate.Create(IPAddress.Loopback));
                }
            });
            if (socketPath is not null)
            {
                kestrel.ListenUnixSocket(socketPath, listen => listen.Protocols = protocols);
            }
        });
        WebApplication app = builder.Build();
        var backend = new Backend(app, executions ?? new ExecutionLog());
        app.UseWebSockets();
        app.Map("/execute", backend.ExecuteAsync);
        app.Map("/sever", backend.SeverAsync);
        app.Map("/events", EventsAsync);
        app.Map("/socket", EchoSocketAsync);
        app.Map("/mirror", MirrorAsync);
        app.Map("/stream", StreamAsync);
        app.Map("/none", (HttpContext context) => context.Response.StatusCode = 204);
        app.MapGet("/", () => "ok");
        await app.StartAsync();
        return backend;
    }

    /// <summary>In good order: GOAWAY on HTTP/2, and what is under way is finished.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private async Task ExecuteAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        _ = Executions.Add(context.Request.Headers["X-Request-Id"].ToString(), new Execution(0, 0));
        await Task.Delay(20);
        await context.Response.Body.WriteAsync(body.ToArray());
    }

    private Task SeverAsync(HttpContext context)
    {
        _ = Executions.Add(context.Request.Headers["X-Request-Id"].ToString(), new Execution(0, 0));
        context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket.Shutdown(SocketShutdown.Both);
        return Task.CompletedTask;
    }

    private static async Task EventsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        for (int i = 0; i < 3; i++)
        {
            await context.Response.WriteAsync($"data: {i}\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Silence);
        }
    }

    private static async Task MirrorAsync(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body);
        string headers = string.Join('\n', context.Request.Headers.OrderBy(header => header.Key, StringComparer.Ordinal).Select(header => $"{header.Key}: {header.Value}"));
        await context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.Method} {context.Request.Path}{context.Request.QueryString}\n{headers}\n\n{await body.ReadToEndAsync()}");
    }

    private static async Task StreamAsync(HttpContext context)
    {
        if (context.Response.SupportsTrailers())
        {
            context.Response.DeclareTrailer("X-Checksum");
        }

        for (int i = 0; i < 3; i++)
        {
            await context.Response.WriteAsync($"part {i}\n");
            await context.Response.Body.FlushAsync();
        }

        if (context.Response.SupportsTrailers())
        {
            context.Response.AppendTrailer("X-Checksum", "4711");
        }
    }

    private static async Task EchoSocketAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[1024];
        while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } received)
        {
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }
}
