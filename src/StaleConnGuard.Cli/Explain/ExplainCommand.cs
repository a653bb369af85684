using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using StaleConnGuard.Diagnosis;

namespace StaleConnGuard.Cli;

/// <summary><c>staleconn explain</c>: reads a packet capture and says what became of each connection and request, why, and what to set.</summary>
internal sealed class ExplainCommand : Command
{
    private readonly Argument<string> _capture = new("capture") { Description = "A capture: pcap or pcapng, also in gzip; - for the standard input, read while it is captured." };

    private readonly Option<int?> _port = new("--port") { Description = "The server's port: only its connections are looked at.", HelpName = "number", CustomParser = ParsePort };

    private readonly Option<IPAddress?> _host = new("--host") { Description = "An address at either end.", HelpName = "address", CustomParser = ParseHost };

    private readonly Option<IPNetwork?> _client = new("--client") { Description = "The network that the clients are in.", HelpName = "CIDR", CustomParser = ParseNetwork };

    private readonly Option<bool> _all = new("--all") { Description = "List every connection, not only what went wrong." };

    private readonly Option<bool> _json = new("--json") { Description = "Write the result as JSON, and nothing else, to the standard output." };

    private readonly Option<string?> _html = new("--html") { Description = "Write a page with time lines of what went wrong, to attach to a ticket.", HelpName = "file" };

    private readonly Option<bool> _redactPaths = new("--redact-paths") { Description = "Leave the paths of requests out. Queries, headers and bodies are never shown." };

    public ExplainCommand()
        : base("explain", "Reads a packet capture and says what became of its connections, why, and what to set.")
    {
        Arguments.Add(_capture);
        Option[] options = [_port, _host, _client, _all, _json, _html, _redactPaths];
        foreach (Option option in options)
        {
            Options.Add(option);
        }

        SetAction(RunAsync);
    }

    private static int? ParsePort(ArgumentResult result) =>
        Parse(result, "a whole number from 1 to 65535", text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65535 ? port : (int?)null);

    private static IPAddress? ParseHost(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (IPAddress.TryParse(text, out IPAddress? address))
        {
            return address;
        }

        result.AddError(ArgumentError.Of("--host", text, "an IPv4 or IPv6 address, such as 10.0.0.7"));
        return null;
    }

    // "10" alone would be the address 0.0.0.10.
    private static IPNetwork? ParseNetwork(ArgumentResult result) =>
        Parse(result, "a network such as 10.0.0.0/8", text => text.AsSpan().IndexOfAny('.', ':') >= 0 && IPNetwork.TryParse(text, out IPNetwork network) ? network : (IPNetwork?)null);

    private static T? Parse<T>(ArgumentResult result, string accepted, Func<string, T?> parse)
        where T : struct
    {
        string text = result.Tokens[0].Value;
        if (parse(text) is { } value)
        {
            return value;
        }

        result.AddError(ArgumentError.Of(((OptionResult)result.Parent!).Option.Name, text, accepted));
        return null;
    }

    private Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        InvocationConfiguration io = parsed.InvocationConfiguration;
        var arguments = new ExplainArguments(
            parsed.GetRequiredValue(_capture),
            new CaptureFilter(parsed.GetValue(_port), parsed.GetValue(_host), parsed.GetValue(_client)),
            parsed.GetValue(_all),
            parsed.GetValue(_json),
            parsed.GetValue(_html),
            parsed.GetValue(_redactPaths));
        return ExplainRun.RunAsync(arguments, io.Output, io.Error, cancellationToken);
    }
}
