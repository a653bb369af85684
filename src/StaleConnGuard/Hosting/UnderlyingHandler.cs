using System.Runtime.CompilerServices;

namespace StaleConnGuard.Hosting;

/// <summary>
/// The <see cref="SocketsHttpHandler"/> that holds the connections: the handler itself, or what is inside a <see cref="HttpClientHandler"/>,
/// which goes on being the one that the application and others (gRPC) see.
/// </summary>
internal static class UnderlyingHandler
{
    /// <summary>Null when there is none that can be reached.</summary>
    public static SocketsHttpHandler? Of(HttpMessageHandler handler) => handler switch
    {
        SocketsHttpHandler sockets => sockets,

        // Exactly: what a derived type does with its requests is not known.
        HttpClientHandler client when client.GetType() == typeof(HttpClientHandler) && SocketsHttpHandler.IsSupported => Inside(client),
        _ => null,
    };

    /// <summary>What to do where there is none.</summary>
    public static string RemedyFor(HttpMessageHandler handler) => handler is HttpClientHandler
        ? "Use a SocketsHttpHandler, or a HttpClientHandler that is not derived from, with a DelegatingHandler of your own on top."
        : "Use a SocketsHttpHandler; RemoveStaleConnGuard() on the client, if it is meant to be like this.";

    private static SocketsHttpHandler? Inside(HttpClientHandler handler)
    {
        try
        {
            return Field(handler);
        }
        catch (MissingFieldException)
        {
            // A runtime that keeps it elsewhere.
            return null;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_underlyingHandler")]
    private static extern ref SocketsHttpHandler Field(HttpClientHandler handler);
}
