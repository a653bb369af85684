namespace StaleConnGuard.Testing;

/// <summary>Gives each request a path of its own, so that a capture shows which one it was.</summary>
public sealed class PathOfIdHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>What paths begin with.</summary>
    public const string Prefix = "/id/";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string id = request.Headers.NonValidated["X-Request-Id"].ToString();
        request.RequestUri = new Uri(request.RequestUri!, $"{Prefix}{id}?secret=1");
        return base.SendAsync(request, cancellationToken);
    }
}
