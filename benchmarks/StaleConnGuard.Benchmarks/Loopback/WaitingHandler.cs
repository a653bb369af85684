namespace StaleConnGuard.Benchmarks;

/// <summary>
/// Waits for the answer and passes it on: what any handler costs that looks at answers. With a value in the execution context it is what any handler costs that is
/// to be found again from the connection's stream.
/// </summary>
internal sealed class WaitingHandler(bool setsValue) : DelegatingHandler
{
    private static readonly AsyncLocal<object?> s_value = new();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (setsValue)
        {
            s_value.Value = request;
        }

        HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        GC.KeepAlive(this);
        return response;
    }
}
