using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.AspNetCore.Http;

namespace StaleConnGuard.Cli;

/// <summary>An option that takes an address to listen at.</summary>
internal sealed class ListenOption : Option<string?>, IAcceptedValues
{
    public ListenOption(string name, string description)
        : base(name)
    {
        Description = description;
        HelpName = "address";
        CustomParser = Parse;
    }

    public string Accepted => "http:// with a host and a port, such as http://127.0.0.1:8080, http://*:8080 or http://[::1]:8080";

    private string? Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (IsAccepted(text))
        {
            return text;
        }

        result.AddError(ArgumentError.Of(Name, text, Accepted));
        return null;
    }

    private static bool IsAccepted(string text)
    {
        // A port that is not written down would be 80, which few mean and fewer may open.
        if (text.EndsWith('/') || text.LastIndexOf(':') <= text.LastIndexOf(']') || text.Contains('@', StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            BindingAddress address = BindingAddress.Parse(text);
            return address.Scheme == Uri.UriSchemeHttp && address.PathBase.Length == 0 && !address.IsUnixPipe && !address.IsNamedPipe
                && address.Port is >= 0 and <= 65535 && text.EndsWith($":{address.Port}", StringComparison.Ordinal);
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
