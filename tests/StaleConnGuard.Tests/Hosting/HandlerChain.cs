using Microsoft.Extensions.DependencyInjection;

namespace StaleConnGuard.Tests.Hosting;

/// <summary>The handlers of a factory client, outermost first.</summary>
internal static class HandlerChain
{
    public static List<HttpMessageHandler> Of(IServiceProvider services, string client)
    {
        var chain = new List<HttpMessageHandler>();
        HttpMessageHandler? handler = services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(client);
        while (handler is not null)
        {
            chain.Add(handler);
            handler = (handler as DelegatingHandler)?.InnerHandler;
        }

        return chain;
    }

    public static void ShouldBeGuarded(this List<HttpMessageHandler> chain)
    {
        chain.Count(h => h is ConnectionGuardHandler).ShouldBe(1);
        chain.Count(h => h is RetryHandler).ShouldBe(1);
        chain[^1].ShouldBeOfType<SocketsHttpHandler>();
        chain[^2].ShouldBeOfType<ConnectionGuardHandler>();

        // Nothing is set on the handler before its first request.
        var sockets = (SocketsHttpHandler)chain[^1];
        ((ConnectionGuardHandler)chain[^2]).Guard.OnSending();
        sockets.ConnectCallback.ShouldNotBeNull();
        sockets.PlaintextStreamFilter.ShouldNotBeNull();
    }

    public static void ShouldNotBeGuarded(this List<HttpMessageHandler> chain) =>
        chain.ShouldAllBe(h => !(h is ConnectionGuardHandler) && !(h is RetryHandler));
}
