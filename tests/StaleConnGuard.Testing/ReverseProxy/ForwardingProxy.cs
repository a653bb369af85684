using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Testing;

/// <summary>
/// A reverse proxy in ASP.NET Core, on loopback: every request goes to the one upstream over the pool of a given handler. Bodies stream in both
/// directions and are kept nowhere; an exchange with the upstream that fails is a 502 to the client. It does what YARP's forwarder does, and no more.
/// </summary>
public sealed class ForwardingProxy : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Uri _upstream;
    private HttpMessageInvoker? _pool;

    private ForwardingProxy(WebApplication application, Uri upstream) => (_application, _upstream) = (application, upstream);

    public Uri Address => new(_application.Urls.Single());

    /// <summary>Why it answered 502, once for each.</summary>
    public ConcurrentQueue<HttpRequestException> Failures { get; } = new();

    /// <summary>Starts one. It needs a pool before it can forward.</summary>
    public static async Task<ForwardingProxy> StartAsync(Uri upstream)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0));
        WebApplication application = builder.Build();
        var proxy = new ForwardingProxy(application, upstream);
        application.Run(proxy.ForwardAsync);
        await application.StartAsync();
        return proxy;
    }

    /// <summary>The handler that a proxy's pool is made on: no redirects, cookies, decompression or further proxy.</summary>
    public static SocketsHttpHandler NewSocketsHandler() => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
    };

    /// <summary>Forwards over another pool from now on, and ends the one before. No request may be under way.</summary>
    public void UsePool(HttpMessageHandler handler)
    {
        _pool?.Dispose();
        _pool = new HttpMessageInvoker(handler);
    }

    public async ValueTask DisposeAsync()
    {
        // Clients may still hold connections: nothing is waited for.
        await _application.StopAsync(new CancellationToken(canceled: true));
        await _application.DisposeAsync();
        _pool?.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        using HttpRequestMessage request = NewRequest(context);
        HttpResponseMessage response;
        try
        {
            response = await _pool!.SendAsync(request, context.RequestAborted);
        }
        catch (HttpRequestException e)
        {
            Failures.Enqueue(e);
            context.Response.StatusCode = StatusCodes.Status502BadGateway;
            return;
        }

        using (response)
        {
            context.Response.StatusCode = (int)response.StatusCode;
            ForwardedHeaders.Copy(response, context.Response);
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }

    private HttpRequestMessage NewRequest(HttpContext context)
    {
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(_upstream, $"{context.Request.Path}{context.Request.QueryString}"))
        {
            // Over http that is HTTP/1.1, and over TLS what the upstream chooses.
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            request.Content = new StreamedBody(context.Request.Body);
        }

        ForwardedHeaders.Copy(context.Request, request);
        return request;
    }
}
