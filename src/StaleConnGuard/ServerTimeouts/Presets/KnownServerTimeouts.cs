using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard;

/// <summary>
/// Default keep-alive timeouts of common servers and load balancers. A default is what an operator changes first: when in doubt
/// configure the time itself. What a server advertises or its closes teach counts in any case when it is shorter.
/// </summary>
/// <remarks>Each has its source in <see cref="KnownServerTimeout.Source"/> and the day it was read by in <see cref="KnownServerTimeout.Read"/>.</remarks>
public static class KnownServerTimeouts
{
    private static readonly DateOnly Read = new(2026, 11, 22);

    /// <summary>nginx: 65 seconds.</summary>
    /// <remarks><c>keepalive_timeout</c> of the configuration it ships; 75 s when the directive is missing.</remarks>
    public static KnownServerTimeout Nginx { get; } = new(nameof(Nginx), TimeSpan.FromSeconds(65), "nginx/nginx conf/nginx.conf", Read);

    /// <summary>Apache httpd 2.4: 5 seconds.</summary>
    /// <remarks><c>KeepAliveTimeout</c>. Advertised to requests that carry <c>Connection: keep-alive</c>, see <see cref="KeepAliveOptions.SolicitHint"/>.</remarks>
    public static KnownServerTimeout ApacheHttpd { get; } = new(nameof(ApacheHttpd), TimeSpan.FromSeconds(5), "apache/httpd include/httpd.h, modules/http/http_protocol.c", Read, advertises: true);

    /// <summary>Node.js up to 24: 5 seconds.</summary>
    /// <remarks><c>server.keepAliveTimeout</c>. Always advertised; closes a second later than it says. Later versions use 65 s.</remarks>
    public static KnownServerTimeout NodeLegacy { get; } = new(nameof(NodeLegacy), TimeSpan.FromSeconds(5), "nodejs/node pull request 59243", Read, advertises: true);

    /// <summary>ASP.NET Core's Kestrel since .NET 6: 130 seconds.</summary>
    /// <remarks><c>Limits.KeepAliveTimeout</c>. Checked once a second, so it closes late and never early.</remarks>
    public static KnownServerTimeout Kestrel { get; } = new(nameof(Kestrel), TimeSpan.FromSeconds(130), "dotnet/aspnetcore src/Servers/Kestrel/Core/src/KestrelServerLimits.cs, issue 32636", Read);

    /// <summary>IIS (http.sys): 120 seconds.</summary>
    /// <remarks><c>connectionTimeout</c>. Closes with a reset.</remarks>
    public static KnownServerTimeout Iis { get; } = new(nameof(Iis), TimeSpan.FromSeconds(120), "dotnet/runtime issues 52267 and 60644", Read);

    /// <summary>Apache Tomcat: 20 seconds.</summary>
    /// <remarks><c>connectionTimeout</c> of the <c>server.xml</c> it ships; 60 s when the attribute is missing. Advertised to requests that carry <c>Connection: keep-alive</c>.</remarks>
    public static KnownServerTimeout Tomcat { get; } = new(nameof(Tomcat), TimeSpan.FromSeconds(20), "apache/tomcat conf/server.xml, java/org/apache/coyote/http11/Http11Processor.java", Read, advertises: true);

    /// <summary>Eclipse Jetty: 30 seconds.</summary>
    /// <remarks><c>idleTimeout</c> of the connector.</remarks>
    public static KnownServerTimeout Jetty { get; } = new(nameof(Jetty), TimeSpan.FromSeconds(30), "jetty/jetty.project AbstractConnector.java", Read);

    /// <summary>Gunicorn, threaded and asynchronous workers: 2 seconds.</summary>
    /// <remarks><c>keepalive</c>. Closes up to 0.75 s late. The sync worker keeps no connection at all.</remarks>
    public static KnownServerTimeout Gunicorn { get; } = new(nameof(Gunicorn), TimeSpan.FromSeconds(2), "benoitc/gunicorn gunicorn/config.py", Read);

    /// <summary>Uvicorn: 5 seconds.</summary>
    /// <remarks><c>--timeout-keep-alive</c>.</remarks>
    public static KnownServerTimeout Uvicorn { get; } = new(nameof(Uvicorn), TimeSpan.FromSeconds(5), "encode/uvicorn uvicorn/config.py", Read);

    /// <summary>Puma since 7.0: 65 seconds.</summary>
    /// <remarks><c>persistent_timeout</c>; 20 s before 7.0.</remarks>
    public static KnownServerTimeout Puma { get; } = new(nameof(Puma), TimeSpan.FromSeconds(65), "puma/puma lib/puma/configuration.rb", Read);

    /// <summary>Caddy 2: 5 minutes.</summary>
    /// <remarks><c>idle_timeout</c>.</remarks>
    public static KnownServerTimeout Caddy { get; } = new(nameof(Caddy), TimeSpan.FromMinutes(5), "caddyserver/caddy modules/caddyhttp/app.go", Read);

    /// <summary>Traefik: 180 seconds.</summary>
    /// <remarks><c>respondingTimeouts.idleTimeout</c> of the entry point.</remarks>
    public static KnownServerTimeout Traefik { get; } = new(nameof(Traefik), TimeSpan.FromSeconds(180), "traefik/traefik pkg/config/static/static_config.go", Read);

    /// <summary>Envoy: 1 hour.</summary>
    /// <remarks><c>idle_timeout</c> of the HTTP connection manager.</remarks>
    public static KnownServerTimeout Envoy { get; } = new(nameof(Envoy), TimeSpan.FromHours(1), "envoyproxy.io documentation, \"How do I configure timeouts?\"", Read);

    /// <summary>AWS Application Load Balancer: 60 seconds.</summary>
    /// <remarks><c>idle_timeout.timeout_seconds</c>, 1 to 4000. TCP keep-alive probes and HTTP/2 pings do not count as activity. The Classic Load Balancer has the same value.</remarks>
    public static KnownServerTimeout AwsAlb { get; } = new(nameof(AwsAlb), TimeSpan.FromSeconds(60), "docs.aws.amazon.com, Elastic Load Balancing, \"Edit attributes for your Application Load Balancer\"", Read);

    /// <summary>AWS Network Load Balancer: 350 seconds.</summary>
    /// <remarks><c>tcp.idle_timeout.seconds</c>, 60 to 6000. It forgets the connection without a word and answers what is sent later with a reset.</remarks>
    public static KnownServerTimeout AwsNlb { get; } = new(nameof(AwsNlb), TimeSpan.FromSeconds(350), "docs.aws.amazon.com, Elastic Load Balancing, Network Load Balancers, \"Connection idle timeout\"", Read, closesSilently: true);

    /// <summary>Amazon CloudFront towards the origin: 5 seconds.</summary>
    /// <remarks>The keep-alive timeout of a custom origin: for servers behind CloudFront to exceed, and for clients that stand where CloudFront would.</remarks>
    public static KnownServerTimeout CloudFrontOrigin { get; } = new(nameof(CloudFrontOrigin), TimeSpan.FromSeconds(5), "docs.aws.amazon.com, CloudFront, \"Response and keep-alive timeout\"", Read);

    /// <summary>Google Cloud Application Load Balancer: 600 seconds.</summary>
    /// <remarks>The lowest of its client-side HTTP keep-alive timeouts (global external: 610 s) and its fixed backend-side one.</remarks>
    public static KnownServerTimeout GcpAlb { get; } = new(nameof(GcpAlb), TimeSpan.FromSeconds(600), "cloud.google.com, Load Balancing, \"Timeouts and retries\"", Read);

    /// <summary>Azure Load Balancer and outbound NAT: 4 minutes.</summary>
    /// <remarks>4 to 100 minutes. Drops the flow silently unless TCP reset is enabled on the rule.</remarks>
    public static KnownServerTimeout AzureLoadBalancer { get; } = new(nameof(AzureLoadBalancer), TimeSpan.FromMinutes(4), "learn.microsoft.com, Azure Load Balancer, \"TCP reset and idle timeout\"", Read, closesSilently: true);

    /// <summary>Cloudflare, client side: 400 seconds.</summary>
    /// <remarks>Towards the origin it keeps idle connections for 900 s.</remarks>
    public static KnownServerTimeout Cloudflare { get; } = new(nameof(Cloudflare), TimeSpan.FromSeconds(400), "developers.cloudflare.com, Fundamentals, \"Connection limits\"", Read);

    /// <summary>Heroku router 2.0: 90 seconds.</summary>
    /// <remarks>The router's idle timeout.</remarks>
    public static KnownServerTimeout Heroku { get; } = new(nameof(Heroku), TimeSpan.FromSeconds(90), "devcenter.heroku.com, \"HTTP Routing\"", Read);

    /// <summary>Gets all of them.</summary>
    public static IReadOnlyList<KnownServerTimeout> All { get; } =
    [
        Nginx, ApacheHttpd, NodeLegacy, Kestrel, Iis, Tomcat, Jetty,
        Gunicorn, Uvicorn, Puma, Caddy, Traefik, Envoy, AwsAlb,
        AwsNlb, CloudFrontOrigin, GcpAlb, AzureLoadBalancer, Cloudflare, Heroku,
    ];

    private static readonly FrozenDictionary<string, KnownServerTimeout> ByName =
        All.ToFrozenDictionary(static known => known.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Finds one by the name configuration uses; upper and lower case make no difference.</summary>
    /// <param name="name">Such as <c>AwsAlb</c>.</param>
    /// <param name="known">What was found.</param>
    public static bool TryGet([NotNullWhen(true)] string? name, [NotNullWhen(true)] out KnownServerTimeout? known)
    {
        known = null;
        return name is not null && ByName.TryGetValue(name, out known);
    }
}
