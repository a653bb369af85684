using System.CommandLine;

namespace StaleConnGuard.Cli;

/// <summary><c>staleconn proxy</c>: a reverse proxy whose connections to its upstreams are guarded.</summary>
internal sealed class ProxyCommand : Command
{
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(2);
    private static readonly TimeSpan s_usualFrontTimeout = TimeSpan.FromSeconds(75);
    private static readonly TimeSpan s_longestUsualDrain = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_usualUpstreamWait = TimeSpan.FromSeconds(2);

    private readonly ListenOption _listen = new("--listen", $"Where to listen. [default: {ProxyArguments.UsualListen}, or what --config says]");

    private readonly UpstreamOption _upstreams = new("--upstream", "Where to forward to. Several take turns; one that cannot be connected to is left out for a while.");

    private readonly Option<string?> _config = new("--config") { Description = "A JSON file with YARP's own schema (section ReverseProxy); sections StaleConnGuard, Kestrel and Logging as well.", HelpName = "file" };

    private readonly DurationOption _serverTimeout = new("--server-timeout", TimeSpan.FromMilliseconds(100), s_longest, "The idle age at which the upstreams close connections. [default: learned]");

    private readonly DurationOption _frontTimeout = new("--front-timeout", TimeSpan.FromSeconds(2), s_longest, "How long idle connections of clients are kept, and are told to be. [default: 75s]");

    private readonly DurationOption _drain = new("--drain", TimeSpan.Zero, s_longest, "How long clients are told to close, after SIGTERM and before it is done. [default: the front timeout, at most 20s]");

    private readonly DurationOption _upstreamWait = new("--upstream-wait", TimeSpan.Zero, TimeSpan.FromMinutes(1), "How long a request waits for an upstream that cannot be connected to. [default: 2s]");

    private readonly ListenOption _metrics = new("--metrics", "Where to serve /metrics (Prometheus) and /healthz. [default: nowhere]");

    public ProxyCommand()
        : base("proxy", "Is a reverse proxy: what meets a connection that the upstream is closing is sent again, not answered with 502.")
    {
        Option[] options = [_listen, _upstreams, _serverTimeout, _frontTimeout, _drain, _upstreamWait, _metrics, _config];
        foreach (Option option in options)
        {
            Options.Add(option);
        }

        SetAction(RunAsync);
    }

    // One option against another: each of them is fine by itself.
    private string? FindContradiction(ParseResult parsed)
    {
        if (parsed.GetValue(_config) is null)
        {
            return parsed.GetRequiredValue(_upstreams).Length == 0 ? $"{_upstreams.Name}: missing; accepted is {_upstreams.Accepted}, or {_config.Name}." : null;
        }

        Option[] withoutConfig = [_upstreams, _serverTimeout];
        return withoutConfig.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } given
            ? $"{given.Name}: not accepted together with {_config.Name}; accepted in its file as {(given == _upstreams ? "ReverseProxy:Clusters" : "StaleConnGuard:KeepAlive:ServerTimeout")}."
            : null;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        InvocationConfiguration io = parsed.InvocationConfiguration;
        if (FindContradiction(parsed) is { } contradiction)
        {
            await io.Error.WriteLineAsync(contradiction);
            return CommandLine.BadArguments;
        }

        TimeSpan frontTimeout = parsed.GetValue(_frontTimeout) ?? s_usualFrontTimeout;
        var arguments = new ProxyArguments(
            parsed.GetValue(_listen),
            parsed.GetRequiredValue(_upstreams),
            parsed.GetValue(_config),
            parsed.GetValue(_serverTimeout),
            frontTimeout,
            parsed.GetValue(_drain) ?? (frontTimeout < s_longestUsualDrain ? frontTimeout : s_longestUsualDrain),
            parsed.GetValue(_upstreamWait) ?? s_usualUpstreamWait,
            parsed.GetValue(_metrics));
        return await ProxyRun.RunAsync(arguments, io.Output, io.Error, cancellationToken);
    }
}
