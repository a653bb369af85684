using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace StaleConnGuard.Cli;

/// <summary>
/// <c>/metrics</c> and <c>/healthz</c>, at an address of their own and by a server of their own: it is there before the proxy is, and still while that drains.
/// </summary>
internal sealed class AdminHost : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly PrometheusMetrics _metrics;

    private AdminHost(WebApplication application, PrometheusMetrics metrics) => (_application, _metrics) = (application, metrics);

    public string Address => _application.Urls.First();

    public static async Task<AdminHost> StartAsync(string address, WebApplication proxy, ProxyCounters counters, CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(address);
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        WebApplication application = builder.Build();
        var metrics = new PrometheusMetrics(proxy.Services.GetRequiredService<IMeterFactory>());
        CancellationToken stopping = proxy.Lifetime.ApplicationStopping;
        application.Run(context => context.Request.Path.Value switch
        {
            "/healthz" => AnswerAsync(context, stopping.IsCancellationRequested ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK, stopping.IsCancellationRequested ? "draining\n" : "ok\n"),
            "/metrics" => AnswerAsync(context, StatusCodes.Status200OK, Write(counters, metrics), "text/plain; version=0.0.4; charset=utf-8"),
            _ => AnswerAsync(context, StatusCodes.Status404NotFound, "/metrics or /healthz\n"),
        });
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch
        {
            metrics.Dispose();
            await application.DisposeAsync();
            throw;
        }

        return new AdminHost(application, metrics);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync(new CancellationToken(canceled: true));
        _metrics.Dispose();
        await _application.DisposeAsync();
    }

    private static Task AnswerAsync(HttpContext context, int status, string text, string type = "text/plain; charset=utf-8")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(text);
    }

    private static string Write(ProxyCounters counters, PrometheusMetrics metrics)
    {
        var text = new StringBuilder();
        text.Append("# HELP staleconn_proxy_requests_total Requests by the class of their answer's status; none when no upstream answered.\n# TYPE staleconn_proxy_requests_total counter\n");
        for (int statusClass = 1; statusClass <= 5; statusClass++)
        {
            text.Append(CultureInfo.InvariantCulture, $"staleconn_proxy_requests_total{{status=\"{statusClass}xx\"}} {counters.AnswersOf(statusClass)}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"staleconn_proxy_requests_total{{status=\"none\"}} {counters.Unanswered}\n");
        text.Append("# HELP staleconn_proxy_bad_gateways_total Answers with 502, the upstream's own among them.\n# TYPE staleconn_proxy_bad_gateways_total counter\n");
        text.Append(CultureInfo.InvariantCulture, $"staleconn_proxy_bad_gateways_total {counters.BadGateways}\n");
        metrics.Write(text);
        return text.ToString();
    }

    // Signals are for the proxy; this ends with it.
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
