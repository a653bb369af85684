using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace StaleConnGuard.Tests.Documents;

/// <summary>Code of documents that is a part of a program. A test looks for each block of theirs here; whole programs are compiled as they stand.</summary>
internal static class DocumentedCode
{
    public static void Grpc(WebApplicationBuilder builder)
    {
        // snippet: grpc
        builder.Services.AddGrpcClient<Greeter.GreeterClient>(o => o.Address = new Uri("https://orders"))
            .AddStaleConnGuard();
        // end snippet
    }

    public static void ReverseProxy(WebApplicationBuilder builder)
    {
        // snippet: reverse-proxy
        builder.Services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddStaleConnGuard();
        // end snippet
    }

    public static void Telemetry(IServiceCollection services)
    {
        // snippet: telemetry
        services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(StaleConnGuardDiagnostics.MeterName))
            .WithTracing(tracing => tracing.AddSource(StaleConnGuardDiagnostics.ActivitySourceName));
        // end snippet
    }

    public static async Task<ExchangeInfo?> Exchange(HttpClient client, HttpRequestMessage request)
    {
        // snippet: exchange-info
        request.CaptureExchangeInfo();
        using HttpResponseMessage response = await client.SendAsync(request);
        ExchangeInfo? info = request.GetExchangeInfo(); // ConnectionId, IsReused, IdleAge, ConnectionAge, …
        // end snippet
        return info;
    }

    public static void Resilience(IServiceCollection services)
    {
        // snippet: resilience
        // Every handler of the application at once, Aspire's service defaults for instance.
        services.AddStaleConnGuard();
        services.UseStaleConnGuardInResilienceHandlers();

        // Or one client.
        services.AddHttpClient("orders").AddStandardResilienceHandler().UseStaleConnGuard();
        services.AddHttpClient("search").AddStandardHedgingHandler().UseStaleConnGuard();

        // Or the standard pipeline with StaleConnGuard's retries (Retry-After, jitter, retry budget), in one call.
        services.AddHttpClient("payments").AddStaleConnGuardResilienceHandler(options => options.Retry.MaxRetries = 2);
        // end snippet
    }

    public static void Kestrel(WebApplicationBuilder builder)
    {
        // snippet: kestrel
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(75));
        // end snippet
    }

    /// <summary>Stands for what a .proto file makes.</summary>
    private static class Greeter
    {
        internal sealed class GreeterClient(CallInvoker invoker) : ClientBase<GreeterClient>(invoker)
        {
            protected override GreeterClient NewInstance(ClientBaseConfiguration configuration) => new(CallInvoker);
        }
    }
}
