namespace StaleConnGuard.Hosting;

/// <summary>
/// Lets <see cref="KeepAliveOptions.Origins"/> name a server as the application does, where a handler between rewrites the address (service
/// discovery): the outer handler notes where the request is addressed to, the inner one where it really goes. Part of the chain of those clients only
/// that have such an entry.
/// </summary>
internal static class LogicalOrigin
{
    private static readonly HttpRequestOptionsKey<LogicalAddress> Key = new("StaleConnGuard.LogicalOrigin");

    /// <summary>Outermost.</summary>
    public static DelegatingHandler Outer(GuardSettingsHolder settings) => new Noting(settings);

    /// <summary>Directly above the guard.</summary>
    public static DelegatingHandler Inner(GuardSettingsHolder settings, HttpMessageHandler guard) => new Resolving(settings) { InnerHandler = guard };

    private sealed record LogicalAddress(Uri Uri);

    private sealed class Noting(GuardSettingsHolder settings) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Note(request);
            return base.SendAsync(request, cancellationToken);
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Note(request);
            return base.Send(request, cancellationToken);
        }

        private void Note(HttpRequestMessage request)
        {
            if (settings.Current.KeepAlive.HasOrigins && request.RequestUri is { IsAbsoluteUri: true } uri)
            {
                request.Options.Set(Key, new LogicalAddress(uri));
            }
        }
    }

    private sealed class Resolving(GuardSettingsHolder settings) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Resolve(request);
            return base.SendAsync(request, cancellationToken);
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Resolve(request);
            return base.Send(request, cancellationToken);
        }

        private void Resolve(HttpRequestMessage request)
        {
            if (request.Options.TryGetValue(Key, out LogicalAddress? address) && request.RequestUri is { IsAbsoluteUri: true } uri && !ReferenceEquals(uri, address.Uri))
            {
                settings.Current.KeepAlive.Resolved(address.Uri, uri);
            }
        }
    }
}
