using System.CommandLine;
using System.CommandLine.Parsing;

namespace StaleConnGuard.Cli;

/// <summary>Says in one line what is wrong with the arguments: the option, the value, and what is accepted.</summary>
internal static class ArgumentError
{
    public static string Of(string option, string value, string accepted) => $"{option}: '{UserInformation.Hide(value)}' is not accepted; accepted is {accepted}.";

    public static string Describe(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            return Of(command is RootCommand ? "staleconn" : $"staleconn {command.Name}", unknown, Choices(command));
        }

        ParseError error = parsed.Errors[0];
        string message = UserInformation.Hide(error.Message.ReplaceLineEndings(" ").TrimEnd());
        return SymbolOf(error.SymbolResult) switch
        {
            IAcceptedValues values when !message.Contains(values.Accepted, StringComparison.Ordinal) => $"{message} Accepted is {values.Accepted}.",
            null => $"{message} Accepted is {Choices(command)}.",
            _ => message,
        };
    }

    private static string Choices(Command command) =>
        string.Join(", ", command.Subcommands.Select(choice => choice.Name).Concat(command.Options.Select(choice => choice.Name)));

    private static Symbol? SymbolOf(SymbolResult? result) => result switch
    {
        OptionResult option => option.Option,
        ArgumentResult { Parent: OptionResult option } => option.Option,
        ArgumentResult argument => argument.Argument,
        _ => null,
    };
}
