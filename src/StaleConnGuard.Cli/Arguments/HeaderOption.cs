using System.CommandLine;
using System.CommandLine.Parsing;

namespace StaleConnGuard.Cli;

/// <summary>An option that takes a request header, any number of times. Headers that the command itself must decide on are refused.</summary>
internal sealed class HeaderOption : Option<KeyValuePair<string, string>[]>, IAcceptedValues
{
    // They say where the request or the connection ends: with another value the measurement would be of something else.
    private static readonly HashSet<string> s_ours = new(["Connection", "Content-Length", "Expect", "Keep-Alive", "Transfer-Encoding", "Upgrade"], StringComparer.OrdinalIgnoreCase);

    public HeaderOption(string name, string description)
        : base(name)
    {
        Description = description;
        HelpName = "name: value";
        DefaultValueFactory = _ => [];
        CustomParser = Parse;
    }

    public string Accepted => $"'Name: value', the name none of {string.Join(", ", s_ours)}";

    private static bool TryParse(string text, out KeyValuePair<string, string> header)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        header = colon > 0 ? new(text[..colon], text[(colon + 1)..].Trim(' ', '\t')) : default;
        return colon > 0 && HttpToken.IsToken(header.Key) && !s_ours.Contains(header.Key) && header.Value.All(character => character is '\t' or (>= ' ' and <= '~'));
    }

    private KeyValuePair<string, string>[] Parse(ArgumentResult result)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (Token token in result.Tokens)
        {
            if (TryParse(token.Value, out KeyValuePair<string, string> header))
            {
                headers.Add(header);
                continue;
            }

            result.AddError(ArgumentError.Of(Name, token.Value.ReplaceLineEndings(" "), Accepted));
            return [];
        }

        return [.. headers];
    }
}
