using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using StaleConnGuard;

// A gateway that takes orders and passes them on to a warehouse: the place where a stale connection becomes a 502.
// Where the telemetry goes is said by the standard variables: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_SERVICE_NAME.
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);

// The clients: every one is guarded, settings from configuration.
builder.Services.AddStaleConnGuard(builder.Configuration.GetSection("StaleConnGuard"));
builder.Services.AddHttpClient("warehouse", client => client.BaseAddress = new Uri(builder.Configuration["Warehouse"] ?? "http://localhost:5081/"));
builder.Services.AddHealthChecks().AddStaleConnGuard();

// The server: clients are told how long idle connections are kept, and a load balancer in front must give up first.
builder.WebHost.AdvertiseKeepAlive(options => options.BehindLoadBalancer(KnownServerTimeouts.AwsAlb));

// One line each: what the guard counts, and the spans that carry its resend count and events.
builder.Services.AddOpenTelemetry()
    .ConfigureResource(resource => resource.AddService("orders-gateway"))
    .WithMetrics(metrics => metrics.AddMeter(StaleConnGuardDiagnostics.MeterName).AddOtlpExporter())
    .WithTracing(tracing => tracing.AddSource("Microsoft.AspNetCore", StaleConnGuardDiagnostics.ActivitySourceName).AddOtlpExporter());

WebApplication app = builder.Build();
app.MapStaleConnGuard("/staleconnguard");
app.MapHealthChecks("/health");
app.MapPost("/orders", async (IHttpClientFactory clients, CancellationToken cancellationToken) =>
{
    using var request = new HttpRequestMessage(HttpMethod.Post, "reservations") { Content = JsonContent.Create(new { article = 4711, pieces = 3 }) };
    request.CaptureExchangeInfo();
    try
    {
        using HttpResponseMessage response = await clients.CreateClient("warehouse").SendAsync(request, cancellationToken);
        ExchangeInfo? exchange = request.GetExchangeInfo();
        return Results.Json(new { status = (int)response.StatusCode, reused = exchange?.IsReused, resends = exchange?.ResendCount });
    }
    catch (StaleConnectionException e)
    {
        return Results.Json(new { decision = e.Decision.ToString() }, statusCode: StatusCodes.Status502BadGateway);
    }
});

await app.RunAsync();
