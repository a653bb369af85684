using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>One kind of traffic.</summary>
/// <param name="Secure">Over TLS.</param>
/// <param name="Concurrency">Requests that are on their way at once.</param>
/// <param name="Large">POST of 64 KiB that is answered with 64 KiB, instead of GET that is answered with 100 bytes.</param>
/// <param name="Headers">Each request carries Accept and User-Agent, as most do.</param>
internal sealed record LoopbackCase(bool Secure, int Concurrency, bool Large, bool Headers = true)
{
    private static readonly byte[] s_body = new byte[64 * 1024];

    public static IReadOnlyList<LoopbackCase> All { get; } = [.. Every(), new LoopbackCase(Secure: false, Concurrency: 1, Large: false, Headers: false)];

    public string Description => string.Create(
        CultureInfo.InvariantCulture, $"{(Secure ? "TLS" : "plain")}, {Concurrency} at once, {(Large ? "POST 64 KiB" : "GET 100 B")}{(Headers ? "" : ", no headers")}");

    public HttpRequestMessage MakeRequest(Uri server)
    {
        HttpRequestMessage request = Large
            ? new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/echo")) { Content = new ByteArrayContent(s_body) }
            : new HttpRequestMessage(HttpMethod.Get, new Uri(server, "/noise?offset=0&length=100"));
        if (Headers)
        {
            request.Headers.TryAddWithoutValidation("Accept", "application/octet-stream");
            request.Headers.TryAddWithoutValidation("User-Agent", "benchmark/1.0");
        }

        return request;
    }

    private static IEnumerable<LoopbackCase> Every() =>
        from secure in (bool[])[false, true]
        from large in (bool[])[false, true]
        from concurrency in (int[])[1, 64]
        select new LoopbackCase(secure, concurrency, large);
}
