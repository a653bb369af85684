namespace StaleConnGuard.Racing;

/// <summary>Sends <c>Connection: close</c> with every request (RFC 9112 9.6).</summary>
internal sealed class ConnectionCloseHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.ConnectionClose = true;
        return base.SendAsync(request, cancellationToken);
    }
}
