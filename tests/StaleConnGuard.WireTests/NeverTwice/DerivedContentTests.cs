using System.Net;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>
/// Contents that an application derived from those of the framework, written from a source that can be read once: sent again they would be empty, and the server
/// would store that.
/// </summary>
public class DerivedContentTests
{
    public static TheoryData<string, string> Bodies()
    {
        var data = new TheoryData<string, string>();
        foreach (string kind in new[] { "bytes", "string", "form", "stream", "multipart", "form-data", "part", "part-of-part", "memory-stream" })
        {
            data.Add("PUT", kind);
            data.Add("POST", kind);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Replay_ContentWrittenFromASourceReadOnce_IsNeverSentEmpty(string method, string kind)
    {
        List<string> bodies = [];
        await using var race = new StaleRace(guarded: true, ending: method == "PUT" ? Ending.Reset : Ending.Close, onRequest: r => bodies.Add(Encoding.UTF8.GetString(r.Body)));
        await race.WarmUpAsync();
        HttpRequestMessage request = ReplayTests.Request(method, "none");
        request.Content = Content(kind);

        // Whether the body has been read when the end is seen is the runtime's business: surfaced, or sent whole.
        try
        {
            using HttpResponseMessage response = await race.SendAsync(request);
        }
        catch (HttpRequestException)
        {
        }

        race.Happened.ShouldBeTrue();
        bodies.ShouldAllBe(b => b.Length == 0 || b.Contains("whole"));
        race.Server.Executions.GetValueOrDefault("raced").ShouldBe(bodies.Count(b => b.Contains("whole")));
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Retry_ContentWrittenFromASourceReadOnce_IsNeverSentEmpty(string method, string kind)
    {
        int answers = 0;
        List<string> bodies = [];
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                bodies.Add(Encoding.UTF8.GetString(request.Body));
                await connection.AnswerAsync(request, Interlocked.Increment(ref answers) == 1 ? 503 : 200);
            }
        });
        using var client = new GuardedClient(options: o => o.Retry = new RetryOptions { BaseDelay = TimeSpan.Zero });
        using HttpRequestMessage request = GuardedClient.Request(method, server.Uri);
        request.MarkSafeToRepeat().Content = Content(kind);

        try
        {
            using HttpResponseMessage response = await client.SendAsync(request);
        }
        catch (HttpRequestException)
        {
        }

        bodies.ShouldNotBeEmpty();
        bodies.ShouldAllBe(b => b.Contains("whole"));
    }

    private static HttpContent Content(string kind)
    {
        var source = new MemoryStream("whole"u8.ToArray());
        return kind switch
        {
            "bytes" => new OnceBytes(source),
            "string" => new OnceString(source),
            "form" => new OnceForm(source),
            "stream" => new OnceStream(source),
            "multipart" => new OnceMultipart(source),
            "form-data" => new OnceFormData(source),
            "part" => new MultipartContent { new StringContent("first"), new OnceBytes(source) },
            "part-of-part" => new MultipartFormDataContent { { new MultipartContent { new OnceString(source) }, "nested" } },
            _ => new StreamContent(new OnceMemoryStream(source)),
        };
    }

    private sealed class OnceBytes(Stream source) : ByteArrayContent([])
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => source.CopyToAsync(stream);

        protected override bool TryComputeLength(out long length) => Unknown(out length);
    }

    private sealed class OnceString(Stream source) : StringContent("")
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => source.CopyToAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length) => Unknown(out length);
    }

    private sealed class OnceForm(Stream source) : FormUrlEncodedContent([])
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => source.CopyToAsync(stream);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => source.CopyToAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length) => Unknown(out length);
    }

    private sealed class OnceStream(Stream source) : StreamContent(new MemoryStream())
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => source.CopyToAsync(stream);

        protected override bool TryComputeLength(out long length) => Unknown(out length);
    }

    private sealed class OnceMultipart(Stream source) : MultipartContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => source.CopyToAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length) => Unknown(out length);
    }

    private sealed class OnceFormData(Stream source) : MultipartFormDataContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => source.CopyToAsync(stream);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => source.CopyToAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length) => Unknown(out length);
    }

    /// <summary>Says of itself, by inheritance, that it can be sought, and takes what it reads from elsewhere.</summary>
    private sealed class OnceMemoryStream(Stream source) : MemoryStream
    {
        public override long Length => 5;

        public override int Read(byte[] buffer, int offset, int count) => source.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => source.ReadAsync(buffer, cancellationToken);

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => source.CopyToAsync(destination, bufferSize, cancellationToken);
    }

    private static bool Unknown(out long length)
    {
        length = 0;
        return false;
    }
}
