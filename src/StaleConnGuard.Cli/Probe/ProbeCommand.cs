using System.CommandLine;

namespace StaleConnGuard.Cli;

/// <summary><c>staleconn probe</c>: at which idle age a server closes its connections, measured from outside.</summary>
internal sealed class ProbeCommand : Command
{
    private static readonly TimeSpan s_usualMaxIdle = TimeSpan.FromSeconds(130);

    private readonly AddressArgument _address = new("URL", "What to request. The request is sent once on each connection.");

    // Two at least: one asks the server to keep the connection, one does not.
    private readonly NumberOption _connections = new("--connections", 2, 200, 5, "How many connections are opened, and how many requests are sent.");

    private readonly DurationOption _maxIdle = new(
        "--max-idle", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(2), "The idle age at which a connection that is still open is given up. [default: 130s]");

    private readonly MethodOption _method = new("--method", "GET", "The request method; the request has no body.");

    private readonly HeaderOption _header = new("--header", "A request header, 'Name: value'; can be given more than once. Host replaces the usual one.");

    private readonly Option<bool> _insecure = new("--insecure") { Description = "Accept any certificate." };

    private readonly Option<bool> _json = new("--json") { Description = "Write the result as JSON, and nothing else, to the standard output." };

    public ProbeCommand()
        : base("probe", "Measures at which idle age a server closes keep-alive connections, and prints the options to set.")
    {
        Arguments.Add(_address);
        Option[] options = [_connections, _maxIdle, _method, _header, _insecure, _json];
        foreach (Option option in options)
        {
            Options.Add(option);
        }

        SetAction((parsed, cancellationToken) => ProbeRun.RunAsync(
            Read(parsed), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, cancellationToken));
    }

    private ProbeArguments Read(ParseResult parsed) => new(
        parsed.GetRequiredValue(_address),
        parsed.GetValue(_connections),
        parsed.GetValue(_maxIdle) ?? s_usualMaxIdle,
        parsed.GetRequiredValue(_method),
        parsed.GetRequiredValue(_header),
        parsed.GetValue(_insecure),
        parsed.GetValue(_json));
}
