using System.Globalization;

namespace StaleConnGuard.Diagnosis;

/// <summary>
/// What decides how long idle connections live, product by product: on the client's side to be set below, on the server's side above the other.
/// Where each was read stands in docs/explain.md; those of programs that can be installed here are shown to them by a test.
/// </summary>
internal static class Knobs
{
    /// <summary>For whoever is the client of that server; the idle age to stay below.</summary>
    public static IReadOnlyList<Setting> OfClient(Endpoint server, bool isTls, TimeSpan timeout)
    {
        TimeSpan limit = Below(timeout);
        string milliseconds = Milliseconds(limit);
        return
        [
            new("StaleConnGuard", $"options.KeepAlive.Origins[\"{(isTls ? "https" : "http")}://{server}\"] = new() {{ ServerTimeout = TimeSpan.FromSeconds({Seconds(timeout)}) }}; // the origin as your client writes it"),
            new("nginx", $"upstream … {{ keepalive …; keepalive_timeout {milliseconds}ms; }}"),
            new("HAProxy", $"server … pool-purge-delay {Milliseconds(limit / 2)}ms (closes half of what is idle at each: not exact); pool-max-conn 0 keeps none"),
            new("Envoy", $"cluster: typed_extension_protocol_options: envoy.extensions.upstreams.http.v3.HttpProtocolOptions: common_http_protocol_options: idle_timeout: {Seconds(limit)}s"),
            new("Traefik", $"http.serversTransports.….forwardingTimeouts.idleConnTimeout: {milliseconds}ms"),
            new("Apache httpd", limit < TimeSpan.FromSeconds(1) ? "ProxyPass … disablereuse=on (ttl takes whole seconds, 1 at least)" : $"ProxyPass … ttl={Whole(limit)} (whole seconds; not with the prefork MPM)"),
            new("Caddy", $"reverse_proxy … {{ transport http {{ keepalive {milliseconds}ms }} }}"),
            new("Go", $"http.Transport{{IdleConnTimeout: {milliseconds} * time.Millisecond}}"),
            new("Node.js", $"new undici.Agent({{ keepAliveTimeout: {milliseconds}, keepAliveMaxTimeout: {milliseconds} }})"),
            new(".NET", $"SocketsHttpHandler.PooledConnectionIdleTimeout = TimeSpan.FromMilliseconds({Milliseconds(limit / 1.25)}) (looked at now and then: used for up to 1.25 times as long)"),
            new("AWS ALB", limit < TimeSpan.FromSeconds(1) ? "idle_timeout.timeout_seconds is 1 at least: raise the target's timeout" : $"idle_timeout.timeout_seconds={Whole(limit)}"),
        ];
    }

    /// <summary>For whoever runs the server; the idle age that clients reach.</summary>
    public static IReadOnlyList<Setting> OfServer(TimeSpan keptByClients)
    {
        var above = TimeSpan.FromSeconds(Math.Ceiling(keptByClients.TotalSeconds) + 5);
        string seconds = Whole(above);
        string milliseconds = Milliseconds(above);
        return
        [
            new("nginx", $"keepalive_timeout {seconds}s;"),
            new("HAProxy", $"timeout http-keep-alive {seconds}s"),
            new("Envoy", $"http_connection_manager: common_http_protocol_options: idle_timeout: {seconds}s"),
            new("Traefik", $"entryPoints.….transport.respondingTimeouts.idleTimeout: {seconds}s"),
            new("Apache httpd", $"KeepAliveTimeout {seconds}"),
            new("Caddy", $"servers {{ timeouts {{ idle {seconds}s }} }}"),
            new("Go", $"http.Server{{IdleTimeout: {seconds} * time.Second}}"),
            new("Node.js", $"server.keepAliveTimeout = {milliseconds}"),
            new("Kestrel", $"KestrelServerOptions.Limits.KeepAliveTimeout = TimeSpan.FromSeconds({seconds})"),
            new("gunicorn", $"--keep-alive {seconds} (not with sync workers)"),
            new("uWSGI", $"--http-keepalive={seconds}"),
            new("Uvicorn", $"--timeout-keep-alive {seconds}"),
            new("Puma", $"persistent_timeout {seconds}"),
            new("Tomcat", $"<Connector keepAliveTimeout=\"{milliseconds}\" …/>"),
            new("AWS ALB", $"idle_timeout.timeout_seconds={seconds}"),
        ];
    }

    /// <summary>A second below, and never less than half: the margin of the guard.</summary>
    public static TimeSpan Below(TimeSpan timeout) => timeout - TimeSpan.FromSeconds(Math.Min(1, timeout.TotalSeconds / 2));

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Whole(TimeSpan time) => Math.Floor(time.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan time) => Math.Floor(time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
