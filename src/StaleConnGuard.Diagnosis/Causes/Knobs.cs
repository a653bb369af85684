using System.Globalization;

namespace StaleConnGuard.Diagnosis;

/// <summary>What decides how long idle connections live, product by product: on the client's side to be set below, on the server's side above the other.</summary>
internal static class Knobs
{
    /// <summary>For whoever is the client; the idle age to stay below or at.</summary>
    public static IReadOnlyList<Setting> OfClient(Endpoint server, TimeSpan timeout)
    {
        TimeSpan limit = Below(timeout);
        string seconds = Seconds(limit);
        return
        [
            new("StaleConnGuard", $"options.KeepAlive.Origins[\"http://{server}\"] = new() {{ ServerTimeout = TimeSpan.FromSeconds({Seconds(timeout)}) }};"),
            new("nginx", $"upstream {{ … keepalive_timeout {Milliseconds(limit)}ms; }}"),
            new("HAProxy", $"server …: pool-purge-delay {Milliseconds(limit / 2)}ms (each time half of what is idle is closed: not exact), or pool-max-conn 0 to keep none"),
            new("Envoy", $"cluster: common_http_protocol_options.idle_timeout: {seconds}s"),
            new("Traefik", $"serversTransports.….forwardingTimeouts.idleConnTimeout: {Milliseconds(limit)}ms"),
            new("Apache httpd", $"ProxyPass … ttl={Whole(limit)} (whole seconds; 0 means: disablereuse=On)"),
            new("Caddy", $"reverse_proxy {{ transport http {{ keepalive {Milliseconds(limit)}ms }} }}"),
            new("Go", $"http.Transport{{IdleConnTimeout: {Milliseconds(limit)} * time.Millisecond}}"),
            new("Node.js", $"undici Agent: keepAliveTimeout: {Milliseconds(limit)}, keepAliveMaxTimeout: {Milliseconds(limit)}"),
            new(".NET", $"SocketsHttpHandler.PooledConnectionIdleTimeout = TimeSpan.FromMilliseconds({Milliseconds(limit / 1.25)}) (used up to 1.25 times as long; not exact)"),
            new("AWS ALB", $"its idle_timeout.timeout_seconds below the server's keep-alive: at most {Whole(limit)} (1 or more)"),
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
            new("Envoy", $"http_connection_manager: common_http_protocol_options.idle_timeout: {seconds}s"),
            new("Traefik", $"entryPoints.….transport.respondingTimeouts.idleTimeout: {seconds}s"),
            new("Apache httpd", $"KeepAliveTimeout {seconds}"),
            new("Caddy", $"servers {{ timeouts {{ idle {seconds}s }} }}"),
            new("Go", $"http.Server{{IdleTimeout: {seconds} * time.Second}}"),
            new("Node.js", $"server.keepAliveTimeout = {milliseconds}"),
            new("Kestrel", $"KestrelServerOptions.Limits.KeepAliveTimeout = TimeSpan.FromSeconds({seconds})"),
            new("gunicorn", $"--keep-alive {seconds}"),
            new("uWSGI", $"--http-keepalive={seconds}"),
            new("Uvicorn", $"--timeout-keep-alive {seconds}"),
            new("Puma", $"persistent_timeout {seconds}"),
            new("Tomcat", $"<Connector keepAliveTimeout=\"{milliseconds}\" …>"),
            new("AWS ALB", $"idle_timeout.timeout_seconds: {seconds}"),
        ];
    }

    /// <summary>A second below, and never less than half: the margin of the guard.</summary>
    public static TimeSpan Below(TimeSpan timeout) => timeout - TimeSpan.FromSeconds(Math.Min(1, timeout.TotalSeconds / 2));

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Whole(TimeSpan time) => Math.Floor(time.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan time) => Math.Floor(time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
