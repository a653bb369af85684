using System.CommandLine;

namespace StaleConnGuard.Cli;

/// <summary>The tool as a whole: its commands, and what its exit codes mean.</summary>
internal static class CommandLine
{
    /// <summary>The command did what it was asked.</summary>
    public const int Done = 0;

    /// <summary>It could not; a line on the error output says why.</summary>
    public const int CouldNot = 1;

    /// <summary>The arguments are wrong, or the server to probe cannot be measured; a line on the error output says which, and what is accepted.</summary>
    public const int BadArguments = 2;

    /// <summary>Stopped by Ctrl-C, as shells count it.</summary>
    public const int Interrupted = 130;

    // Long enough to close some hundred connections and to remove a link.
    private static readonly TimeSpan s_cleanUp = TimeSpan.FromSeconds(5);

    /// <summary>The command line with all its commands.</summary>
    public static RootCommand Root() => new("Shows what stale keep-alive connections do to HTTP clients, and what StaleConnGuard does about it.")
    {
        new RaceCommand(),
        new ProbeCommand(),
        new ExplainCommand(),
        new LedgerCommand(),
        new ProxyCommand(),
    };

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        ParseResult parsed = Root().Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            await error.WriteLineAsync(ArgumentError.Describe(parsed));
            return BadArguments;
        }

        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,

            // The proxy's host waits for signals itself: it has connections to drain, and takes as long as it was told.
            ProcessTerminationTimeout = parsed.CommandResult.Command is ProxyCommand ? null : s_cleanUp,
        };
        try
        {
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
    }
}
