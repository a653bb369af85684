using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>Only connections that are idle in the pool teach: what was in use, however quiet, says nothing about a server's keep-alive timeout.</summary>
public class PoolTeachesTests
{
    private const int QuietMilliseconds = 1100;

    // Longer than the youngest age that teaches, and what a connection that was in the pool is known by afterwards.
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(QuietMilliseconds);

    /// <summary>A response that goes quiet half way and is given up: nobody has seen an idle connection.</summary>
    [Theory]
    [InlineData("chunked", "dispose", false)]
    [InlineData("chunked", "cancel", false)]
    [InlineData("length", "dispose", false)]
    [InlineData("length", "cancel", true)]
    [InlineData("close", "dispose", false)]
    [InlineData("upgrade", "dispose", false)]
    [InlineData("chunked", "dispose", true)]
    [InlineData("head-only", "cancel", false)]
    public async Task ResponseGivenUpAfterAQuietTime_TeachesNothing(string kind, string how, bool zeroByteRead)
    {
        await using ScriptedServer server = Stalling(kind, then: Timeout.InfiniteTimeSpan);
        using var client = new GuardedClient();
        using var cancel = new CancellationTokenSource();
        HttpRequestMessage request = Streaming(server.Uri, kind);
        if (kind == "head-only")
        {
            // A long poll: the answer itself does not come.
            Task<HttpResponseMessage> polling = client.SendAsync(request, completion: HttpCompletionOption.ResponseHeadersRead, cancellationToken: cancel.Token);
            await Task.Delay(s_quiet);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => polling);
        }
        else
        {
            HttpResponseMessage response = await client.SendAsync(request, completion: HttpCompletionOption.ResponseHeadersRead);
            Stream body = await response.Content.ReadAsStreamAsync();
            Task reading = ReadAllAsync(body, zeroByteRead, cancel.Token);
            await Task.Delay(s_quiet);
            if (how == "cancel")
            {
                await cancel.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
            }

            response.Dispose();
            if (how == "dispose")
            {
                _ = await Record.ExceptionAsync(() => reading.WaitAsync(TimeSpan.FromSeconds(10)));
            }
        }

        OriginKeepAlive known = Known(client);
        known.OpenUntil.ShouldBe(TimeSpan.Zero);
        known.Learned.ShouldBeNull();
        known.IdleCloses.ShouldBe(0);
    }

    /// <summary>The server cuts a response, twice at the same age: that is no timeout of idle connections, though the application waited as a pool does.</summary>
    [Theory]
    [InlineData("chunked", true)]
    [InlineData("chunked", false)]
    [InlineData("length", true)]
    [InlineData("close", true)]
    [InlineData("upgrade", true)]
    public async Task ResponseCutAfterAQuietTime_TeachesNothing(string kind, bool zeroByteRead)
    {
        await using ScriptedServer server = Stalling(kind, then: s_quiet);
        using var client = new GuardedClient();
        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage response = await client.SendAsync(Streaming(server.Uri, kind), completion: HttpCompletionOption.ResponseHeadersRead);
            Stream body = await response.Content.ReadAsStreamAsync();
            await Record.ExceptionAsync(() => ReadAllAsync(body, zeroByteRead, CancellationToken.None));
        }

        OriginKeepAlive known = Known(client);
        known.Learned.ShouldBeNull();
        known.IdleCloses.ShouldBe(0);
        known.OpenUntil.ShouldBe(TimeSpan.Zero);
    }

    /// <summary>An answer that comes early, while the body is still being sent: the connection is in use until that is done.</summary>
    [Fact]
    public async Task UploadThatStallsBehindAnEarlyAnswer_TeachesNothing()
    {
        await using var early = new ScriptedServer(async connection =>
        {
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            await Task.Delay(Timeout.Infinite);
        });
        using var client = new GuardedClient();
        using var cancel = new CancellationTokenSource();
        using var content = new PushedContent(cancel.Token);
        Task<HttpResponseMessage> sending = client.SendAsync(new HttpRequestMessage(HttpMethod.Post, early.Uri) { Content = content }, completion: HttpCompletionOption.ResponseHeadersRead, cancellationToken: cancel.Token);
        await Task.Delay(s_quiet);
        await cancel.CancelAsync();
        _ = await Record.ExceptionAsync(() => sending);
        await Task.Delay(50);

        Known(client).OpenUntil.ShouldBe(TimeSpan.Zero);
    }

    /// <summary>What is in the pool does teach, whatever framing its response had.</summary>
    [Theory]
    [InlineData("Content-Length: 2\r\n\r\nok")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nTrailer: x\r\n\r\n")]
    [InlineData("Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n")]
    public async Task IdleConnectionClosedByTheServer_Teaches(string rest)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync($"HTTP/1.1 200 OK\r\n{rest}");
            await Task.Delay(s_quiet);
            await connection.CloseAsync();
        });
        using var client = new GuardedClient(configure: h => h.AutomaticDecompression = DecompressionMethods.All);
        // Two closes at about the same age teach. On a machine that stalls, two in a row may differ: the next ones are asked then.
        for (int i = 0; i < 12 && (i < 2 || Known(client).Learned is null); i++)
        {
            (await client.Http.GetAsync(server.Uri)).Dispose();
            await Task.Delay(s_quiet + TimeSpan.FromMilliseconds(300));
        }

        Known(client).IdleCloses.ShouldBeGreaterThanOrEqualTo(2);
        Known(client).Learned.ShouldNotBeNull().ShouldBeInRange(s_quiet - TimeSpan.FromMilliseconds(50), s_quiet + TimeSpan.FromSeconds(1));
    }

    /// <summary>And one that we give up while it is idle has been seen open.</summary>
    [Fact]
    public async Task IdleConnectionDisposedByUs_Teaches()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);
        await Task.Delay(s_quiet);
        client.Sockets.Dispose();
        Known(client).OpenUntil.ShouldBeGreaterThanOrEqualTo(s_quiet - TimeSpan.FromMilliseconds(50));
    }

    /// <summary>Many streams that are given up together must not un-learn what is known.</summary>
    [Fact]
    public async Task ManyStreamsGivenUp_DoNotUnlearnAKnownTimeout()
    {
        await using ScriptedServer server = Stalling("chunked", then: Timeout.InfiniteTimeSpan);
        using var client = new GuardedClient();
        OriginKnowledge origin = client.Ledger.GetOrAdd(OriginKey.Of(server.Uri));
        origin.StaleHit(TimeSpan.FromMilliseconds(500));
        origin.LearnedTicks.ShouldBe(TimeSpan.FromMilliseconds(500).Ticks);

        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => client.SendAsync(Streaming(server.Uri, "chunked"), completion: HttpCompletionOption.ResponseHeadersRead)));
        await Task.Delay(s_quiet);
        foreach (HttpResponseMessage response in responses)
        {
            response.Dispose();
        }

        origin.LearnedTicks.ShouldBe(TimeSpan.FromMilliseconds(500).Ticks);
        Known(client).OpenUntil.ShouldBeLessThan(TimeSpan.FromMilliseconds(500));
    }

    private static HttpRequestMessage Streaming(Uri uri, string kind)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, uri);
        if (kind == "upgrade")
        {
            request.Headers.Connection.Add("Upgrade");
            request.Headers.Add("Upgrade", "any");
        }

        return request;
    }

    /// <summary>Sends the beginning of a response and goes quiet; closes after that, unless that is never.</summary>
    private static ScriptedServer Stalling(string kind, TimeSpan then) => new(async connection =>
    {
        await connection.ReadRequestAsync();
        await connection.WriteAsync(kind switch
        {
            "chunked" => "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\r\n0\r\n\r\n",
            "length" => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
            "close" => "HTTP/1.1 200 OK\r\n\r\nhalf",
            "upgrade" => "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: any\r\n\r\nhalf",
            _ => "",
        });
        await Task.Delay(then);
        await connection.CloseAsync();
    });

    private static async Task ReadAllAsync(Stream body, bool zeroByteRead, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[16];
        do
        {
            if (zeroByteRead)
            {
                // As YARP and pipes wait for more.
                _ = await body.ReadAsync(Memory<byte>.Empty, cancellationToken);
            }
        }
        while (await body.ReadAsync(buffer, cancellationToken) > 0);
    }

    private static OriginKeepAlive Known(GuardedClient client) => client.Ledger.Snapshot().ShouldHaveSingleItem();

    private sealed class PushedContent(CancellationToken stop) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("begun"u8.ToArray());
            await stream.FlushAsync();
            await Task.Delay(Timeout.Infinite, stop);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 100;
            return true;
        }
    }
}
