using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>Kestrel on loopback, HTTP/1.1 plain and over TLS, HTTP/2 likewise: <c>/echo</c> answers with the request's body, <c>/noise</c> with a piece of noise.</summary>
internal sealed class SoakHost : IAsyncDisposable
{
    public const int MaxBody = 120_000;

    private readonly WebApplication _app;
    private int _connections;

    private SoakHost(WebApplication app) => _app = app;

    public Uri Plain => new(_app.Urls.ElementAt(0));

    /// <summary>HTTP/1.1 and HTTP/2 over TLS.</summary>
    public Uri Secure => new(_app.Urls.ElementAt(1));

    /// <summary>HTTP/2 in the clear, by prior knowledge.</summary>
    public Uri PlainHttp2 => new(_app.Urls.ElementAt(2));

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The bytes that all bodies are pieces of.</summary>
    public static byte[] Noise(int seed)
    {
        byte[] noise = new byte[1 << 20];
        new Random(seed).NextBytes(noise);
        return noise;
    }

    public static async Task<SoakHost> StartAsync(byte[] noise)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        SoakHost? host = null;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => Count(listen, HttpProtocols.Http1, () => host!));
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                Count(listen, HttpProtocols.Http1AndHttp2, () => host!);
                listen.UseHttps(SelfSignedCertificate.Create(IPAddress.Loopback));
            });
            kestrel.Listen(IPAddress.Loopback, 0, listen => Count(listen, HttpProtocols.Http2, () => host!));
        });
        WebApplication app = builder.Build();
        app.MapGet("/noise", (HttpContext context, int offset, int length) =>
        {
            context.Response.ContentLength = length;
            return context.Response.Body.WriteAsync(noise.AsMemory(offset, length)).AsTask();
        });
        app.MapMethods("/echo", ["POST", "PUT"], (HttpContext context) =>
        {
            context.Response.ContentLength = context.Request.ContentLength;
            return context.Request.Body.CopyToAsync(context.Response.Body);
        });
        host = new SoakHost(app);
        await app.StartAsync();
        return host;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static void Count(ListenOptions listen, HttpProtocols protocols, Func<SoakHost> host)
    {
        listen.Protocols = protocols;
        listen.Use(next => connection =>
        {
            Interlocked.Increment(ref host()._connections);
            return next(connection);
        });
    }
}
