using System.CommandLine;

namespace StaleConnGuard.Cli;

/// <summary><c>staleconn ledger</c>: what a running service has learned, as options that can be written down.</summary>
internal sealed class LedgerCommand : Command
{
    private readonly Argument<string> _source = new("URL-or-file")
    {
        Description = "The page that MapStaleConnGuard serves, or a file: such a page saved, or the file of KeepAlive:LedgerFile.",
    };

    private readonly HeaderOption _header = new("--header", "A request header, 'Name: value'; can be given more than once. For pages that ask who you are.");

    private readonly Option<bool> _insecure = new("--insecure") { Description = "Accept any certificate." };

    public LedgerCommand()
        : base("ledger", "Prints what a running service has learned of its servers as options for appsettings.json.")
    {
        Arguments.Add(_source);
        Options.Add(_header);
        Options.Add(_insecure);
        SetAction((parsed, cancellationToken) => LedgerRun.RunAsync(
            parsed.GetRequiredValue(_source),
            parsed.GetRequiredValue(_header),
            parsed.GetValue(_insecure),
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellationToken));
    }
}
