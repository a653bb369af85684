using Polly;

namespace StaleConnGuard.Benchmarks;

/// <summary>Runs a pipeline around the inner handler as a careful user would: pooled context, no closure.</summary>
internal sealed class PipelineHandler(ResiliencePipeline<HttpResponseMessage> pipeline, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly ResiliencePropertyKey<HttpRequestMessage> s_request = new("request");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(s_request, request);
        try
        {
            return await pipeline.ExecuteAsync(
                static async (c, handler) => await handler.SendInnerAsync(c.Properties.GetValue(s_request, null!), c.CancellationToken).ConfigureAwait(false),
                context,
                this).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private Task<HttpResponseMessage> SendInnerAsync(HttpRequestMessage request, CancellationToken cancellationToken) => base.SendAsync(request, cancellationToken);
}
