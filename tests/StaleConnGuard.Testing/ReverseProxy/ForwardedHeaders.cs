using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StaleConnGuard.Testing;

/// <summary>Copies headers between the two sides of a proxy, without those that concern one hop only (RFC 9110 7.6.1) and without the Host.</summary>
internal static class ForwardedHeaders
{
    private static readonly FrozenSet<string> s_dropped = new[]
    {
        "Connection", "Host", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static void Copy(HttpRequest from, HttpRequestMessage to)
    {
        string[] named = from.Headers.Connection.ToString().Split(',', StringSplitOptions.TrimEntries);
        foreach ((string name, StringValues values) in from.Headers)
        {
            if (IsDropped(name, named))
            {
                continue;
            }

            string?[] copied = values.ToArray();
            if (!to.Headers.TryAddWithoutValidation(name, copied))
            {
                to.Content?.Headers.TryAddWithoutValidation(name, copied);
            }
        }
    }

    public static void Copy(HttpResponseMessage from, HttpResponse to)
    {
        string[] named = [.. from.Headers.Connection];
        foreach ((string name, HeaderStringValues values) in from.Headers.NonValidated.Concat(from.Content.Headers.NonValidated))
        {
            if (!IsDropped(name, named))
            {
                to.Headers.Append(name, values.ToArray());
            }
        }
    }

    private static bool IsDropped(string name, string[] named) =>
        s_dropped.Contains(name) || named.Contains(name, StringComparer.OrdinalIgnoreCase);
}
