using System.CommandLine;
using System.CommandLine.Parsing;

namespace StaleConnGuard.Cli;

/// <summary>An option that takes the address of an HTTP server.</summary>
internal sealed class ServerOption : Option<Uri?>, IAcceptedValues
{
    public ServerOption(string name, string description)
        : base(name)
    {
        Description = description;
        HelpName = "address";
        CustomParser = Parse;
    }

    public string Accepted => HttpAddress.Accepted;

    private Uri? Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (HttpAddress.TryParse(text, out Uri? address))
        {
            return address;
        }

        result.AddError(ArgumentError.Of(Name, text, Accepted));
        return null;
    }
}
