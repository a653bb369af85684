using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>A proxy that takes part.</summary>
/// <param name="Name">What the tables call it.</param>
/// <param name="Script">Its start script in <c>benchmarks/proxies</c>; empty for YARP.</param>
/// <param name="Setting">What the script is told besides.</param>
/// <param name="Program">What must be installed for it; empty for nothing.</param>
/// <param name="Yarp">How YARP is set up.</param>
internal sealed record ProxyContender(string Name, string Script = "", string Setting = "", string Program = "", YarpSetup Yarp = YarpSetup.None)
{
    public const string PlainYarp = "YARP";
    public const string NothingKnown = "YARP + the guard, nothing known";
    public const string Configured = "YARP + the guard, timeout configured";
    public const string Command = "staleconn proxy";

    public static IReadOnlyList<ProxyContender> All { get; } =
    [
        new("nginx", "nginx", Program: "/usr/sbin/nginx"),
        new("nginx, `non_idempotent`", "nginx", "non_idempotent", "/usr/sbin/nginx"),
        new("HAProxy", "haproxy", Program: "/usr/sbin/haproxy"),
        new("HAProxy, `retry-on all-retryable-errors`", "haproxy", "all-retryable-errors", "/usr/sbin/haproxy"),
        new("Caddy", "caddy", Program: "/usr/bin/caddy"),
        new("Apache httpd", "apache", Program: "/usr/sbin/apache2"),
        new("Varnish", "varnish", Program: "/usr/sbin/varnishd"),
        new("h2o", "h2o", Program: "/usr/bin/h2o"),
        new("Go ReverseProxy", "go", Program: "/usr/bin/go"),
        new("Node", "node", Program: "/usr/bin/node"),
        new("Squid", "squid", Program: "/usr/sbin/squid"),
        new("nghttpx", "nghttpx", Program: "/usr/sbin/nghttpx"),
        new(PlainYarp, Yarp: YarpSetup.Plain),
        new(NothingKnown, Yarp: YarpSetup.NothingKnown),
        new("YARP + the guard, timeout learned", Yarp: YarpSetup.Learned),
        new(Configured, Yarp: YarpSetup.Configured),
        new(Command, Yarp: YarpSetup.Command),
    ];

    public bool IsInstalled => Program.Length == 0 || File.Exists(Program);

    /// <summary>Whether it must have raced to be believed: who knows the timeout has nothing to race.</summary>
    public bool MustRace => Yarp is not (YarpSetup.Learned or YarpSetup.Configured or YarpSetup.Command);

    /// <summary>Its version, or its programs' words for it.</summary>
    public string ScriptPath => Repository.PathOf($"benchmarks/proxies/{Script}");
}

/// <summary>How YARP is set up.</summary>
internal enum YarpSetup
{
    /// <summary>It is not YARP.</summary>
    None,

    /// <summary>As it is.</summary>
    Plain,

    /// <summary>Guarded; before each burst it forgets what it has learned.</summary>
    NothingKnown,

    /// <summary>Guarded; it keeps what it learns.</summary>
    Learned,

    /// <summary>Guarded, and told the upstream's timeout.</summary>
    Configured,

    /// <summary>By <c>staleconn proxy</c>, with nothing but an upstream.</summary>
    Command,
}
