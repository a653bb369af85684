using System.CommandLine;
using System.CommandLine.Parsing;

namespace StaleConnGuard.Cli;

/// <summary>An option that takes a request method.</summary>
internal sealed class MethodOption : Option<string>, IAcceptedValues
{
    public MethodOption(string name, string usual, string description)
        : base(name)
    {
        Description = description;
        HelpName = "method";
        DefaultValueFactory = _ => usual;
        CustomParser = Parse;
    }

    public string Accepted => "a request method other than CONNECT, such as HEAD";

    private string? Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (HttpToken.IsToken(text) && !text.Equals("CONNECT", StringComparison.OrdinalIgnoreCase))
        {
            return text;
        }

        result.AddError(ArgumentError.Of(Name, text, Accepted));
        return null;
    }
}
