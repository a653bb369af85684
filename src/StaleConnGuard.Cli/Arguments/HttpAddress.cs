using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard.Cli;

/// <summary>Addresses of HTTP servers as people write them.</summary>
internal static class HttpAddress
{
    public const string Accepted = "an absolute http:// or https:// address, such as http://localhost:8080/";

    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);
}
