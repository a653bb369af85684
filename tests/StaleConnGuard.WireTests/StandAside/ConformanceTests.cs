using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>
/// What a guarded client sends to real servers and gets from them is what a plain one sends and gets: HEAD, 204, 304, ranges, gzip, chunks and
/// trailers, HTTP/1.0, <c>Connection: close</c>; on new and on reused connections. Only the solicited hint differs, and is left out.
/// </summary>
public class ConformanceTests
{
    private static readonly string[] s_solicited = ["Connection", "Keep-Alive"];

    private static readonly Dictionary<string, Func<Uri, HttpRequestMessage>> s_requests = new()
    {
        ["GET"] = uri => new(HttpMethod.Get, uri),
        ["HEAD"] = uri => new(HttpMethod.Head, new Uri(uri, "document.txt")),
        ["document"] = uri => new(HttpMethod.Get, new Uri(uri, "document.txt")),
        ["gzip"] = uri => new(HttpMethod.Get, new Uri(uri, "document.txt")) { Headers = { AcceptEncoding = { new StringWithQualityHeaderValue("gzip") } } },
        ["range"] = uri => new(HttpMethod.Get, new Uri(uri, "document.txt")) { Headers = { Range = new RangeHeaderValue(5, 9) } },
        ["304"] = uri => new(HttpMethod.Get, new Uri(uri, "document.txt")) { Headers = { IfModifiedSince = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) } },
        ["204"] = uri => new(HttpMethod.Get, new Uri(uri, "none")),
        ["404"] = uri => new(HttpMethod.Get, new Uri(uri, "backend-of-none")),
        ["close"] = uri => new(HttpMethod.Get, uri) { Headers = { ConnectionClose = true } },
        ["HTTP/1.0"] = uri => new(HttpMethod.Get, new Uri(uri, "document.txt")) { Version = HttpVersion.Version10 },
        ["POST"] = uri => new(HttpMethod.Post, uri) { Content = new StringContent("body") },
        ["chunked POST"] = uri => new(HttpMethod.Post, uri) { Content = new StreamContent(new OneShotStream("body"u8.ToArray())) },
        ["OPTIONS"] = uri => new(HttpMethod.Options, uri),
        ["mirror"] = uri => new(HttpMethod.Post, new Uri(uri, "mirror?a=b")) { Content = new StringContent("body"), Headers = { { "X-Request-Id", "1" } } },
        ["trailers"] = uri => new(HttpMethod.Get, new Uri(uri, "stream")) { Headers = { TE = { new TransferCodingWithQualityHeaderValue("trailers") } } },
        ["chunks"] = uri => new(HttpMethod.Get, new Uri(uri, "stream")),
    };

    [Theory]
    [InlineData("nginx-http")]
    [InlineData("nginx-tls")]
    [InlineData("apache-digest")]
    [InlineData("python")]
    public async Task Exchange_WithARealServer_IsThatOfAPlainClient(string name)
    {
        Requirement.MetOrSkip(RealServer.IsAvailable(name, out string reason), reason);
        await using RealServer server = await RealServer.StartAsync(name, TimeSpan.FromSeconds(60));
        await CompareAsync(server.Address);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Exchange_WithKestrel_IsThatOfAPlainClient(bool tls)
    {
        await using Backend kestrel = await Backend.StartAsync(tls: tls);
        await CompareAsync(kestrel.Uri);
    }

    private static async Task CompareAsync(Uri uri)
    {
        using var plain = new GuardedClient(guarded: false);
        using var guarded = new GuardedClient();
        foreach ((string name, Func<Uri, HttpRequestMessage> request) in s_requests)
        {
            for (int i = 0; i < 4; i++)
            {
                // New and reused connections, async and sync; the sync path has no content that only writes asynchronously.
                bool sync = i % 2 == 1;
                string expected = await TextOfAsync(plain, request(uri), sync);
                (await TextOfAsync(guarded, request(uri), sync)).ShouldBe(expected, $"{name}, {i}");
            }
        }

        guarded.Observer.StaleHits.ShouldBe(0);
    }

    private static async Task<string> TextOfAsync(GuardedClient client, HttpRequestMessage request, bool sync)
    {
        using HttpResponseMessage response = await client.SendAsync(request, sync);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"HTTP/{response.Version} {(int)response.StatusCode} {response.ReasonPhrase}");
        foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (name != "Date" && !s_solicited.Contains(name))
            {
                text.AppendLine($"{name}: {values}");
            }
        }

        foreach ((string name, IEnumerable<string> values) in response.TrailingHeaders)
        {
            text.AppendLine($"trailer {name}: {string.Join(", ", values)}");
        }

        // What the mirror saw of the solicited header is the one thing that may differ.
        IEnumerable<string> lines = Encoding.Latin1.GetString(body).Split('\n').Where(line => !line.StartsWith("Connection: ", StringComparison.Ordinal));
        return text.AppendJoin('\n', lines).ToString();
    }
}
