using System.Globalization;
using System.Net;

namespace StaleConnGuard.Benchmarks;

/// <summary>One kind of traffic.</summary>
/// <param name="Concurrency">Requests that are on their way at once.</param>
/// <param name="Secure">Over TLS.</param>
/// <param name="IsHttp2">HTTP/2; in the clear by prior knowledge.</param>
/// <param name="Large">POST of 64 KiB that is answered with 64 KiB, instead of GET that is answered with 100 bytes.</param>
/// <param name="Observed">OpenTelemetry reads the meters and spans of the guard and of the runtime.</param>
internal sealed record LoopbackCase(int Concurrency, bool Secure = false, bool IsHttp2 = false, bool Large = false, bool Observed = false)
{
    private static readonly byte[] s_body = new byte[64 * 1024];

    public static IReadOnlyList<LoopbackCase> All { get; } =
    [
        new(64),
        new(1),
        new(64, IsHttp2: true),
        new(1, IsHttp2: true),
        new(64, Secure: true),
        new(64, Secure: true, IsHttp2: true),
        new(64, Large: true),
        new(64, IsHttp2: true, Large: true),
        new(64, Observed: true),
    ];

    /// <summary>What the goals are for: all clients are compared, in more rounds.</summary>
    public bool IsHeadline => this == new LoopbackCase(64) || this == new LoopbackCase(64, IsHttp2: true);

    public string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"HTTP/{(IsHttp2 ? "2" : "1.1")}{(Secure ? " over TLS" : "")}, {(Large ? "POST 64 KiB" : "GET 100 B")}, {Concurrency} at once{(Observed ? ", OpenTelemetry listening" : "")}");

    public HttpRequestMessage MakeRequest(Uri server)
    {
        HttpRequestMessage request = Large
            ? new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/echo")) { Content = new ByteArrayContent(s_body) }
            : new HttpRequestMessage(HttpMethod.Get, new Uri(server, "/noise?offset=0&length=100"));
        if (IsHttp2)
        {
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }

        request.Headers.TryAddWithoutValidation("Accept", "application/octet-stream");
        request.Headers.TryAddWithoutValidation("User-Agent", "benchmark/1.0");
        return request;
    }
}
