using System.Net.Http.Headers;

namespace StaleConnGuard.Benchmarks;

/// <summary>The requests that the chains are measured with. Making the message is part of what is measured, with every chain alike.</summary>
public enum OverheadRequest
{
    /// <summary>GET without a header of its own: whoever looks at its headers first makes their collection.</summary>
    Bare,

    /// <summary>GET with the headers a service usually sends: Accept, User-Agent, Authorization.</summary>
    WithHeaders,

    /// <summary>POST of 100 bytes in memory, with the same headers.</summary>
    Post,
}

internal static class OverheadRequests
{
    private static readonly Uri s_uri = new("http://orders.test/items");
    private static readonly byte[] s_body = new byte[100];
    private static readonly AuthenticationHeaderValue s_authorization = new("Bearer", "bm8gc2VjcmV0");

    public static HttpRequestMessage Make(this OverheadRequest kind) => kind switch
    {
        OverheadRequest.Bare => new HttpRequestMessage(HttpMethod.Get, s_uri),
        OverheadRequest.WithHeaders => WithHeaders(new HttpRequestMessage(HttpMethod.Get, s_uri)),
        OverheadRequest.Post => WithHeaders(new HttpRequestMessage(HttpMethod.Post, s_uri) { Content = new ByteArrayContent(s_body) }),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public static string Describe(this OverheadRequest kind) => kind switch
    {
        OverheadRequest.Bare => "GET without headers",
        OverheadRequest.WithHeaders => "GET with three headers",
        OverheadRequest.Post => "POST of 100 bytes with three headers",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static HttpRequestMessage WithHeaders(HttpRequestMessage request)
    {
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "orders/1.0");
        request.Headers.Authorization = s_authorization;
        return request;
    }
}
