using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace StaleConnGuard.RuntimeTests;

/// <summary>HTTP/2: what the runtime writes, and what becomes of requests when their connection ends (<see cref="StaleConnGuard.Protocols.Http2.Http2Connection"/>).</summary>
public class Http2RuntimeContractTests
{
    /// <summary>
    /// If not: writes with headers are not known for such, and nothing is proven; where a frame is cut over two writes, a connection is never retired at its limit.
    /// <c>RuntimeContractBreach.FramesUnreadable</c> at run time.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Writes_AreThePrefaceThenSettingsThenWholeFrames_OfTheLengthAndStreamsThatAreExpected(bool tls)
    {
        using var certificate = SelfSignedCertificate.Create(IPAddress.Loopback);
        await using KestrelUnderTest server = await StartAsync(tls ? certificate : null);
        using var client = new TappedClient();
        await ExchangeAsync(client, server, "first", content: null);

        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => ExchangeAsync(client, server, $"{i}", i % 2 == 0 ? null : new StreamContent(new MemoryStream(new byte[i * 5000])), header: i % 5 == 0 ? 6_000 : 10)));
        TappedConnection connection = client.Connections.ShouldHaveSingleItem();
        var scanner = FrameScanner.OfClient();
        int opened = 0;
        foreach (StreamCall write in connection.Writes)
        {
            ReadOnlySpan<byte> bytes = write.Bytes;
            while (scanner.TryNext(ref bytes, out FrameHeader frame))
            {
                opened += frame.Type == FrameHeader.Headers ? 1 : 0;
            }

            scanner.IsLost.ShouldBeFalse();
            scanner.IsWithinFrame.ShouldBeFalse("whole frames in one write");
        }

        opened.ShouldBe(41);
    }

    /// <summary>If not: a request that failed with its connection does not know which one that was, and has no evidence; or it is sent again by the runtime.</summary>
    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task ExceptionOfARead_IsTheVeryObjectThatEachRequestOfTheConnectionFailsWith_AndNothingIsRepeated(string method)
    {
        await using KestrelUnderTest server = await StartAsync();
        using var client = new TappedClient();
        await ExchangeAsync(client, server, "first", content: null);
        TappedConnection connection = client.Connections[0];
        var ends = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ours = new HttpIOException(HttpRequestError.ResponseEnded, "ended");
        Executions(server).Clear();
        Task[] waiting = [.. Enumerable.Range(0, 5).Select(i => ExchangeAsync(client, server, $"{i}", content: method == "POST" ? new ByteArrayContent([1]) : null, path: "wait", method: method))];
        await client.SeenAsync(() => Executions(server).Count == 5, "all are at work");

        // The next read is the one under way: what it gets, from the server, is dropped.
        connection.OnRead = _ => ends.Task;
        await ExchangeUnansweredAsync(client, server);
        ends.SetException(ours);

        foreach (Task request in waiting)
        {
            HttpRequestException e = await Should.ThrowAsync<HttpRequestException>(() => request);
            WriteRuntimeContractTests.Chain(e).ShouldContain(ours);
            e.HttpRequestError.ShouldBe(HttpRequestError.ResponseEnded);
        }

        Executions(server).Count.ShouldBe(6, "each once, and the one that made the read complete");
        client.Connections.Count.ShouldBe(1);
        Release(server);
    }

    /// <summary>If not: a connection past its limit, whose read the guard has ended, is used once more.</summary>
    [Fact]
    public async Task IdleConnection_WhoseReadEnds_IsNotUsedAgain()
    {
        await using KestrelUnderTest server = await StartAsync();
        using var client = new TappedClient();
        await ExchangeAsync(client, server, "first", content: null);
        TappedConnection connection = client.Connections[0];
        var ours = new HttpIOException(HttpRequestError.ConnectionError, "idle for too long");

        // The read that is under way is answered by the next response; the one after it ends.
        connection.OnRead = _ => throw ours;
        await ExchangeAsync(client, server, "second", content: null).ContinueWith(_ => { }, TaskScheduler.Default);
        await client.SeenAsync(() => connection.IsDisposed, "the pool lets go of it");
        await ExchangeAsync(client, server, "third", content: null);

        client.Connections.Count.ShouldBe(2);
    }

    /// <summary>If not: the moment before which headers cannot have been written is that of the send, which makes fewer proofs; if it came after the write, a false proof were possible.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task EncodingOfHeaders_IsAskedForInTheContextOfTheRequest_BeforeItIsWritten(int major)
    {
        await using KestrelUnderTest server = await StartAsync(protocols: major == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2);
        var asked = new ConcurrentQueue<(string? Sender, HttpRequestMessage Request, int Writes)>();
        TappedClient? client = null;
        using TappedClient owned = client = new TappedClient(handler => handler.RequestHeaderEncodingSelector = (_, request) =>
        {
            asked.Enqueue((TappedClient.Sender, request, client!.Connections.Count == 0 ? -1 : client.Connections[0].Writes.Sum(Opened)));
            return null;
        });
        for (int i = 0; i < 3; i++)
        {
            using HttpRequestMessage request = Request(server, "GET", major);
            request.Headers.Add("X-One", "1");
            int before = asked.Count;

            using HttpResponseMessage response = await client.SendAsync($"sender {i}", request);

            response.Version.Major.ShouldBe(major);
            asked.Count.ShouldBeGreaterThan(before);
            asked.Skip(before).ShouldAllBe(ask => ask.Sender == $"sender {i}" && ReferenceEquals(ask.Request, request) && ask.Writes == i);
        }

        int Opened(StreamCall write) => major == 1 ? 1 : HeadersIn(write.Bytes);
    }

    /// <summary>If not: <c>ContentRun</c> flushes the headers of a body ahead on HTTP/2, which changes what some servers do.</summary>
    [Fact]
    public async Task StreamOfAContent_IsOfAClassThatIsNamedAfterTheProtocol()
    {
        await using KestrelUnderTest server = await StartAsync();
        using var client = new TappedClient();
        string? name = null;
        await ExchangeAsync(client, server, "sender", new CallbackContent((stream, _) =>
        {
            name = stream.GetType().Name;
            return stream.WriteAsync(new byte[1]).AsTask();
        }));

        name.ShouldStartWith("Http2");
        await using var http1 = new ScriptedServer(connection => connection.AnswerAllAsync());
        await client.ExchangeAsync("sender", new HttpRequestMessage(HttpMethod.Post, http1.Uri) { Content = new CallbackContent((stream, _) => { name = stream.GetType().Name; return Task.CompletedTask; }) });
        name.ShouldNotStartWith("Http2");
    }

    /// <summary>If not: a response may be handed over while its request is still written, where callers count on the contrary (or never, where they count on that).</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Response_IsHandedOverBeforeItsRequestIsWritten_UnlessTheContentIsAStreamContent(bool isStreamContent)
    {
        await using KestrelUnderTest server = await StartAsync();
        using var client = new TappedClient();
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task WriteAsync(Stream stream)
        {
            await stream.WriteAsync(new byte[1]);
            await stream.FlushAsync();
            await goOn.Task;
        }

        HttpContent content = isStreamContent ? new CallbackStreamContent(WriteAsync) : new CallbackContent((stream, _) => WriteAsync(stream));
        using HttpRequestMessage request = Request(server, "POST", 2, "early");
        request.Content = content;
        Task<HttpResponseMessage> sending = client.SendAsync("sender", request);
        await client.SeenAsync(() => Executions(server).Contains("answered early"), "the server has answered");

        if (isStreamContent)
        {
            // An answer that is here is handed over within milliseconds.
            await Task.WhenAny(sending, Task.Delay(300, TestContext.Current.CancellationToken));
            sending.IsCompleted.ShouldBeFalse();
            goOn.SetResult();
        }

        using HttpResponseMessage response = await sending.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        goOn.TrySetResult();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static readonly ConcurrentDictionary<KestrelUnderTest, (ConcurrentQueue<string> Executions, TaskCompletionSource Release)> s_servers = new();

    private static ConcurrentQueue<string> Executions(KestrelUnderTest server) => s_servers[server].Executions;

    private static void Release(KestrelUnderTest server) => s_servers[server].Release.TrySetResult();

    private static async Task<KestrelUnderTest> StartAsync(System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null, HttpProtocols protocols = HttpProtocols.Http2)
    {
        var executions = new ConcurrentQueue<string>();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        KestrelUnderTest server = await KestrelUnderTest.StartAsync(
            _ => { },
            app =>
            {
                app.MapMethods("/", ["GET", "POST"], async (HttpContext context) =>
                {
                    executions.Enqueue("/");
                    await context.Request.Body.CopyToAsync(Stream.Null);
                });
                app.MapMethods("/wait", ["GET", "POST"], async (HttpContext context) =>
                {
                    executions.Enqueue("/wait");
                    await release.Task.WaitAsync(context.RequestAborted);
                });
                app.MapPost("/early", async (HttpContext context) =>
                {
                    await context.Response.StartAsync();
                    await context.Response.Body.FlushAsync();
                    executions.Enqueue("answered early");
                    await context.Request.Body.CopyToAsync(Stream.Null);
                });
            },
            protocols,
            certificate: certificate);
        s_servers[server] = (executions, release);
        return server;
    }

    private static HttpRequestMessage Request(KestrelUnderTest server, string method, int major, string path = "") =>
        new(new HttpMethod(method), new Uri(server.Uri, path)) { Version = new Version(major, major == 1 ? 1 : 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private static async Task ExchangeAsync(TappedClient client, KestrelUnderTest server, string sender, HttpContent? content, int header = 1, string path = "", string? method = null)
    {
        using HttpRequestMessage request = Request(server, method ?? (content is null ? "GET" : "POST"), 2, path);
        request.Content = content;
        request.Headers.Add("X-Filler", string.Concat(Enumerable.Range(0, header).Select(i => (char)('a' + (i * 7 % 26)))));
        (await client.ExchangeAsync(sender, request)).ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>One more request, whose answer completes the read that is under way; the read after it is the test's, so this one may fail with the others.</summary>
    private static async Task ExchangeUnansweredAsync(TappedClient client, KestrelUnderTest server)
    {
        int reads = client.Connections[0].Reads.Count;
        _ = ExchangeAsync(client, server, "one more", content: null).ContinueWith(_ => { }, TaskScheduler.Default);
        await client.SeenAsync(() => client.Connections[0].Reads.Count > reads, "the next read");
        await client.SeenAsync(() => Executions(server).Count == 6, "it is executed");
    }

    private static int HeadersIn(ReadOnlySpan<byte> bytes)
    {
        FrameScanner scanner = bytes.StartsWith("PRI "u8) ? FrameScanner.OfClient() : FrameScanner.OfServer();
        int headers = 0;
        if (!bytes.StartsWith("PRI "u8))
        {
            // Each write begins with a frame, as is tested above; what comes first on a connection must be SETTINGS.
            ReadOnlySpan<byte> settings = [0, 0, 0, FrameHeader.Settings, 0, 0, 0, 0, 0];
            _ = scanner.TryNext(ref settings, out _);
        }

        while (scanner.TryNext(ref bytes, out FrameHeader frame))
        {
            headers += frame.Type == FrameHeader.Headers ? 1 : 0;
        }

        return headers;
    }

    private sealed class CallbackContent(Func<Stream, TransportContext?, Task> write) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => write(stream, context);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class CallbackStreamContent(Func<Stream, Task> write) : StreamContent(Stream.Null)
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => write(stream);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => write(stream);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
