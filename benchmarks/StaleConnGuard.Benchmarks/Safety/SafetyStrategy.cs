using System.Net.Http.Headers;

namespace StaleConnGuard.Benchmarks;

/// <summary>A way to use connections, and what it is called.</summary>
internal sealed record SafetyStrategy(string Name, Func<SocketsHttpHandler, HttpMessageHandler> MakeHandler, bool KeepsAlive = true)
{
    public static SafetyStrategy Plain { get; } = new("HttpClient as it is", static handler => handler);

    public static SafetyStrategy KeepAliveOff { get; } = new("keep-alive off", static handler => handler, KeepsAlive: false);

    public static SafetyStrategy Guarded { get; } = new("guarded, learning", static handler => StaleConnGuardHandler.Create(handler: handler));

    public static SafetyStrategy GuardedWith(TimeSpan serverTimeout) => new("guarded, configured", handler => Configured(handler, serverTimeout, margin: null));

    public static SafetyStrategy GuardedWith(TimeSpan serverTimeout, TimeSpan margin) => new(
        FormattableString.Invariant($"guarded, configured, margin {margin.TotalMilliseconds} ms"),
        handler => Configured(handler, serverTimeout, margin));

    public void Prepare(HttpRequestHeaders headers) => headers.ConnectionClose = KeepsAlive ? null : true;

    private static HttpMessageHandler Configured(SocketsHttpHandler handler, TimeSpan serverTimeout, TimeSpan? margin)
    {
        var options = new StaleConnGuardOptions { KeepAlive = { ServerTimeout = serverTimeout } };
        options.KeepAlive.Margin = margin ?? options.KeepAlive.Margin;
        return StaleConnGuardHandler.Create(options, handler);
    }
}
