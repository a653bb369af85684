using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard.Cli;

/// <summary>Addresses of HTTP servers as people write them.</summary>
internal static class HttpAddress
{
    public const string Accepted = "an absolute http:// or https:// address, such as http://localhost:8080/";

    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);

    /// <summary>What was given for <paramref name="name"/>, or null and an error in the result.</summary>
    public static Uri? Parse(ArgumentResult result, string name)
    {
        string text = result.Tokens[0].Value;
        if (TryParse(text, out Uri? address))
        {
            // No command sends it, and what a command shows must not hold it.
            return address.UserInfo.Length == 0 ? address : new UriBuilder(address) { UserName = "", Password = "" }.Uri;
        }

        result.AddError(ArgumentError.Of(name, text, Accepted));
        return null;
    }
}
