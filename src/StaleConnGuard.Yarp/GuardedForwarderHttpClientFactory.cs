using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.Yarp;

/// <summary>Has the registered factory make the client, and guards its connections. A client whose metadata for the guard changed is made anew. Thread-safe.</summary>
internal sealed class GuardedForwarderHttpClientFactory(IForwarderHttpClientFactory inner, ClusterGuards guards) : IForwarderHttpClientFactory
{
    public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        bool isSame = ClusterMetadata.AreSame(context.OldMetadata, context.NewMetadata);
        HttpMessageInvoker client = inner.CreateClient(isSame ? context : WithoutOldClient(context));
        return isSame && ReferenceEquals(client, context.OldClient) ? client : guards.Guard(client, context.ClusterId ?? string.Empty, context.NewMetadata);
    }

    // A factory looks at the HTTP settings only when it decides whether the old client will do.
    private static ForwarderHttpClientContext WithoutOldClient(ForwarderHttpClientContext context) => new()
    {
        ClusterId = context.ClusterId,
        OldConfig = context.OldConfig,
        OldMetadata = context.OldMetadata,
        NewConfig = context.NewConfig,
        NewMetadata = context.NewMetadata,
    };
}
