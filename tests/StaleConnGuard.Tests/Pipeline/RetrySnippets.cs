using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Polly;
using Polly.CircuitBreaker;

namespace StaleConnGuard.Tests.Pipeline;

/// <summary>The code of docs/retries.md. A test compares both; changing one means changing the other.</summary>
internal static class RetrySnippets
{
    public static void Configure(IServiceCollection services)
    {
        // snippet: configure
        services.AddHttpClient("orders").AddStaleConnGuard(options =>
        {
            options.Retry.MaxRetries = 2;
            options.Retry.StatusCodes = [.. RetryOptions.DefaultStatusCodes, HttpStatusCode.TooManyRequests];
            options.Retry.Budget.Ratio = 0.1;
        });
        // end snippet
    }

    public static async Task MarkAsync(HttpClient client, Uri uri, HttpContent order, string orderId)
    {
        // snippet: mark
        using var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = order };
        request.MarkSafeToRepeat(); // the server knows this order by its number
        using HttpResponseMessage response = await client.SendAsync(request);
        // end snippet

        // snippet: key
        using var keyed = new HttpRequestMessage(HttpMethod.Post, uri) { Content = order };
        keyed.Headers.Add("Idempotency-Key", $"\"{orderId}\""); // chosen once for the order, not once for the attempt
        using HttpResponseMessage answer = await client.SendAsync(keyed);
        // end snippet
    }

    public static async Task CallerTimeoutAsync(HttpClient client, Uri uri, CancellationToken cancellationToken)
    {
        // snippet: caller-timeout
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(5));
        using var request = new HttpRequestMessage(HttpMethod.Get, uri).SetCallerTimeout(TimeSpan.FromSeconds(5));
        using HttpResponseMessage response = await client.SendAsync(request, limit.Token);
        // end snippet
    }

    public static void Buffer(IServiceCollection services)
    {
        // snippet: buffer
        services.AddHttpClient("uploads").AddStaleConnGuard(options => options.Replay.BufferOneShotUpTo = 64 * 1024);
        // end snippet
    }

    public static void Around(IServiceCollection services)
    {
        // snippet: around
        services.AddHttpClient("orders").AddStaleConnGuard(options =>
            options.Retry.ConfigurePipeline = pipeline => pipeline
                .AddTimeout(TimeSpan.FromSeconds(20))
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
                {
                    ShouldHandle = new PredicateBuilder<HttpResponseMessage>().Handle<HttpRequestException>().HandleResult(r => r.StatusCode >= HttpStatusCode.InternalServerError),
                }));
        // end snippet
    }

    public static void Beside(IServiceCollection services)
    {
        // snippet: beside
        services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler()); // as Aspire's service defaults do
        services.AddStaleConnGuard();
        services.UseStaleConnGuardInResilienceHandlers(); // or .UseStaleConnGuard() on one standard or hedging handler
        // end snippet

        // snippet: standard-pipeline
        services.AddHttpClient("payments").AddStaleConnGuardResilienceHandler(options => options.Retry.MaxRetries = 2);
        // end snippet

        // snippet: allow
        services.AddHttpClient("orders").AddStaleConnGuard(options => options.Replay.RepeatsFromAbove = RepeatsFromAbove.Allow);
        // end snippet
    }

    public static Action<ResiliencePipelineBuilder<HttpResponseMessage>> InsideResilienceHandler()
    {
        // snippet: resilience-handler
        Action<ResiliencePipelineBuilder<HttpResponseMessage>> configure = pipeline => pipeline
            .AddTimeout(TimeSpan.FromSeconds(20))
            .AddStaleConnGuardRetry(retry => retry.MaxRetries = 2);
        // end snippet
        return configure;
    }

    public static async Task ByHandAsync(HttpMessageInvoker invoker, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // snippet: own-pipeline
        ResiliencePipeline<HttpResponseMessage> pipeline = new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddStaleConnGuardRetry()
            .AddTimeout(TimeSpan.FromSeconds(5)) // below the retries: for one attempt; its exception is not retried
            .Build();

        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(RetryContext.RequestMessage, request);
        try
        {
            using HttpResponseMessage response = await pipeline.ExecuteAsync(
                static async (c, state) => await state.invoker.SendAsync(state.request, c.CancellationToken),
                context,
                (invoker, request));
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }

        // end snippet
    }
}
