using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Racing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>
/// Kestrel on loopback, plain HTTP/1.1 on one port, HTTP/1.1 and HTTP/2 over TLS on another. <c>/echo</c> answers with the request's body,
/// <c>/stalling</c> sends half of a body, nothing for longer than the tests' keep-alive limit, and the rest; <c>/socket</c> is a WebSocket that echoes.
/// </summary>
internal sealed class EchoHost : IAsyncDisposable
{
    public const string StallingBody = "helloworld";

    public static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(350);

    private readonly WebApplication _app;

    private EchoHost(WebApplication app)
    {
        _app = app;
        Uri[] addresses = [.. app.Urls.Select(url => new Uri(url))];
        Plain = addresses.Single(a => a.Scheme == "http");
        Secure = addresses.Single(a => a.Scheme == "https");
    }

    public Uri Plain { get; }

    public Uri Secure { get; }

    public static async Task<EchoHost> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(SelfSignedCertificate.Create(IPAddress.Loopback));
            });
        });
        WebApplication app = builder.Build();
        app.UseWebSockets();
        app.MapGet("/warm", () => "warm");
        app.MapGet("/stalling", StallAsync);
        app.MapPost("/echo", EchoAsync);
        app.MapPost("/early", AnswerEarlyAsync);
        app.Map("/socket", EchoSocketAsync);
        await app.StartAsync();
        return new EchoHost(app);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static async Task StallAsync(HttpContext context)
    {
        context.Response.ContentLength = StallingBody.Length;
        await context.Response.WriteAsync(StallingBody[..5]);
        await context.Response.Body.FlushAsync();
        await Task.Delay(Stall);
        await context.Response.WriteAsync(StallingBody[5..]);
    }

    private static async Task EchoAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        await context.Response.Body.WriteAsync(body.ToArray());
    }

    private static async Task AnswerEarlyAsync(HttpContext context)
    {
        await context.Response.Body.FlushAsync();
        await context.Request.Body.CopyToAsync(Stream.Null);
    }

    private static async Task EchoSocketAsync(HttpContext context)
    {
        using System.Net.WebSockets.WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[1024];
        while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not System.Net.WebSockets.WebSocketMessageType.Close } received)
        {
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        }

        await socket.CloseAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }
}
