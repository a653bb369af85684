using Microsoft.Extensions.Logging;

namespace StaleConnGuard;

/// <summary>The server side's log messages. Ids and names are stable.</summary>
internal static partial class ServerLog
{
    public const string Category = "StaleConnGuard.AspNetCore";

    [LoggerMessage(301, LogLevel.Warning, "Kestrel closes idle connections after {KeepAliveTimeout}, {Balancer} keeps them for {IdleTimeout}: it will send requests on connections that Kestrel is closing, and answer 502. Set Limits.KeepAliveTimeout above {IdleTimeout}.", EventName = "TimeoutNotAboveBalancer")]
    public static partial void TimeoutNotAboveBalancer(ILogger logger, TimeSpan keepAliveTimeout, string balancer, TimeSpan idleTimeout);

    [LoggerMessage(302, LogLevel.Warning, "AdvertiseKeepAlive() is for Kestrel; the server is {Server}, and its keep-alive timeout is not known: nothing is advertised.", EventName = "NotKestrel")]
    public static partial void NotKestrel(ILogger logger, string server);

    [LoggerMessage(303, LogLevel.Warning, "Kestrel closes idle connections after {KeepAliveTimeout}. Clients are told {Seconds} s in whole seconds, and those that keep a second's distance cannot reuse connections at all. Set Limits.KeepAliveTimeout to 2 s or more.", EventName = "TimeoutTooShortToAdvertise")]
    public static partial void TimeoutTooShort(ILogger logger, TimeSpan keepAliveTimeout, long seconds);

    [LoggerMessage(304, LogLevel.Information, "Shutting down: {Open} HTTP/1.1 connections are told to close, for up to {Drain}.", EventName = "Draining")]
    public static partial void Draining(ILogger logger, int open, TimeSpan drain);

    [LoggerMessage(305, LogLevel.Information, "Shutting down: {Open} HTTP/1.1 connections are still open and will be closed by the server.", EventName = "Drained")]
    public static partial void Drained(ILogger logger, int open);
}
