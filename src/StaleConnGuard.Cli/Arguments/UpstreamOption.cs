using System.CommandLine;
using System.CommandLine.Parsing;

namespace StaleConnGuard.Cli;

/// <summary>An option that takes the addresses of HTTP servers, any number of times.</summary>
internal sealed class UpstreamOption : Option<Uri[]>, IAcceptedValues
{
    public UpstreamOption(string name, string description)
        : base(name)
    {
        Description = description;
        HelpName = "address";
        DefaultValueFactory = _ => [];
        CustomParser = Parse;
    }

    public string Accepted => HttpAddress.Accepted;

    private Uri[] Parse(ArgumentResult result)
    {
        var upstreams = new List<Uri>();
        foreach (Token token in result.Tokens)
        {
            if (!HttpAddress.TryParse(token.Value, out Uri? address) || address.Query.Length > 0 || address.Fragment.Length > 0)
            {
                result.AddError(ArgumentError.Of(Name, token.Value, Accepted));
                return [];
            }

            if (upstreams.Contains(address))
            {
                result.AddError(ArgumentError.Of(Name, token.Value, "each address once"));
                return [];
            }

            upstreams.Add(address);
        }

        return [.. upstreams];
    }
}
