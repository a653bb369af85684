using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace StaleConnGuard.Cli;

/// <summary><c>staleconn race</c>: requests aimed at the instant at which a server closes idle connections, sent by several clients side by side.</summary>
internal sealed class RaceCommand : Command
{
    private static readonly TimeSpan s_usualDelay = TimeSpan.FromMilliseconds(10);

    private readonly ServerOption _server = new("--server", "A real server to race, instead of the embedded one. Its idle timeout is measured first, unless --idle gives it.");

    private readonly DurationOption _idle = new(
        "--idle", TimeSpan.FromMilliseconds(200), TimeSpan.FromHours(1), "The idle age at which the server closes a connection. [default: 1s, or measured with --server]");

    private readonly DurationOption _delay = new(
        "--delay", TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1), "How long the link in front of the embedded server holds each packet, each way. [default: 10ms]");

    private readonly Option<bool> _relay = new("--relay") { Description = "Use a loopback relay even where a link of real packets could be had." };

    private readonly NumberOption _dying = new(
        "--dying", 0, 100, 0, "How many percent of the requests the embedded server executes and then dies on, without an answer. Tells a blind retry from a guard.");

    private readonly NumberOption _workers = new("--workers", 1, 256, 16, "How many workers send side by side, for each client and kind of request.");

    private readonly NumberOption _requests = new("--requests", 1, 1_000_000, 320, "How many aimed requests are sent, for each client and kind of request.");

    private readonly NumberOption _seed = new("--seed", 0, int.MaxValue, 1, "The seed of the idle ages, so that a run can be repeated.");

    private readonly Option<string?> _capture = new("--capture") { Description = "Write the packets of the link, as the client sees them, into a pcapng file: for staleconn explain.", HelpName = "file" };

    private readonly Option<string?> _svg = new("--svg") { Description = "Write what is shown here into a file as a picture, for documents and tickets.", HelpName = "file" };

    private readonly ServerOption _through = new("--through", "A proxy to send the requests through. It must forward to the embedded upstream, whose address is printed.");

    private readonly Option<int?> _upstreamPort = new("--upstream-port") { Description = "With --through: the port on 127.0.0.1 that the proxy forwards to already; the upstream takes it.", HelpName = "number", CustomParser = ParsePort };

    private readonly Option<bool> _json = new("--json") { Description = "Write the result as JSON, and nothing else, to the standard output." };

    public RaceCommand()
        : base("race", "Aims requests at the instant at which the server closes idle connections, and compares what becomes of them.")
    {
        Option[] options = [_server, _through, _upstreamPort, _idle, _delay, _relay, _dying, _workers, _requests, _seed, _capture, _svg, _json];
        foreach (Option option in options)
        {
            Options.Add(option);
        }

        SetAction(RunAsync);
    }

    private static int? ParsePort(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65535)
        {
            return port;
        }

        result.AddError(ArgumentError.Of("--upstream-port", text, "a whole number from 1 to 65535"));
        return null;
    }

    // One option against another: each of them is fine by itself.
    private string? FindContradiction(ParseResult parsed)
    {
        if (parsed.GetValue(_server) is not null)
        {
            Option[] embeddedOnly = [_delay, _relay, _dying, _capture, _through];
            return embeddedOnly.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } given
                ? $"{given.Name}: not accepted together with --server; accepted for the embedded server only."
                : null;
        }

        if (parsed.GetValue(_through) is null && parsed.GetValue(_upstreamPort) is not null)
        {
            return $"{_upstreamPort.Name}: not accepted without {_through.Name}; accepted for the upstream of a proxy only.";
        }

        if (parsed.GetValue(_through) is { } proxy && proxy.Scheme != Uri.UriSchemeHttp)
        {
            return ArgumentError.Of(_through.Name, proxy.ToString(), "an http:// address: the race is behind the proxy");
        }

        if (parsed.GetValue(_through) is not null && parsed.GetValue(_svg) is not null)
        {
            return $"{_svg.Name}: not accepted together with {_through.Name}; accepted for the clients of this race only.";
        }

        if (parsed.GetValue(_capture) is not null && parsed.GetValue(_upstreamPort) is not null)
        {
            return $"{_capture.Name}: not accepted together with {_upstreamPort.Name}; accepted with a link of real packets only.";
        }

        TimeSpan idle = parsed.GetValue(_idle) ?? RacePreparation.EmbeddedIdleTimeout;
        TimeSpan delay = parsed.GetValue(_delay) ?? s_usualDelay;
        return delay * 4 > idle
            ? ArgumentError.Of(_delay.Name, Duration.Format(delay), $"at most a quarter of the idle timeout, here {Duration.Format(idle / 4)}")
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

        var arguments = new RaceArguments(
            parsed.GetValue(_server),
            parsed.GetValue(_idle),
            parsed.GetValue(_delay) ?? s_usualDelay,
            parsed.GetValue(_relay),
            parsed.GetValue(_dying),
            parsed.GetValue(_workers),
            parsed.GetValue(_requests),
            parsed.GetValue(_seed),
            parsed.GetValue(_capture),
            parsed.GetValue(_svg),
            parsed.GetValue(_json));
        return parsed.GetValue(_through) is { } proxy
            ? await ThroughRun.RunAsync(new ThroughArguments(proxy, parsed.GetValue(_upstreamPort), arguments), io.Output, io.Error, cancellationToken)
            : await RaceRun.RunAsync(arguments, io.Output, io.Error, cancellationToken);
    }
}
