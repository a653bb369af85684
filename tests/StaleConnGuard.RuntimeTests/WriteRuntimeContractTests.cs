using System.Net;
using System.Text;

namespace StaleConnGuard.RuntimeTests;

/// <summary>HTTP/1.1: how a request is written. The guard binds it to its connection there (<see cref="StaleConnGuard.Protocols.Http1.WriteAttribution"/>), or refuses.</summary>
public class WriteRuntimeContractTests
{
    public static MatrixTheoryData<string, bool, bool> Requests { get; } = new(["none", "bytes", "stream"], [false, true], [false, true]);

    /// <summary>If not: no request is tied to its connection, and an end would be judged without its request. <c>RuntimeContractBreach.ContextLost</c> at run time.</summary>
    [Theory]
    [MemberData(nameof(Requests))]
    public async Task FirstWrite_RunsInTheContextOfItsRequest(string body, bool reused, bool sync)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();
        if (reused)
        {
            await client.GetAsync("first", server.Uri, sync);
            client.Connections[0].Forget();
        }

        using HttpRequestMessage request = Post(server.Uri, body);
        await client.ExchangeAsync("sender", request, sync);

        client.Connections.ShouldHaveSingleItem().Writes.ShouldAllBe(write => write.Sender == "sender");
        client.Connections[0].Writes[0].Text.ShouldStartWith("POST / HTTP/1.1\r\n");
    }

    /// <summary>If not: the beginning of a request is not known from the bytes of a body (<c>RequestLine</c>).</summary>
    [Theory]
    [InlineData(100)]
    [InlineData(40_000)]
    public async Task Head_IsWhole_InTheFirstWrite(int length)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();
        using HttpRequestMessage request = Post(server.Uri, "stream");
        request.Headers.Add("X-Long", new string('x', length));

        await client.ExchangeAsync("sender", request);

        string first = client.Connections[0].Writes[0].Text;
        first.ShouldStartWith("POST / HTTP/1.1\r\n");
        first.ShouldContain("\r\n\r\n");
    }

    /// <summary>If not: <c>WireMethod</c> takes "get" for a method that is not idempotent, or worse, another spelling for one that is.</summary>
    [Theory]
    [InlineData("get", "GET")]
    [InlineData("Post", "POST")]
    [InlineData("pUt", "PUT")]
    [InlineData("patch", "PATCH")]
    [InlineData("query", "query|QUERY")]
    [InlineData("purge", "purge")]
    public async Task Method_IsWritten_InCapitalsWhenItIsKnown(string method, string written)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();

        await client.ExchangeAsync("sender", new HttpRequestMessage(new HttpMethod(method), server.Uri));

        written.Split('|').ShouldContain(client.Connections[0].Writes[0].Text.Split(' ')[0]);
    }

    /// <summary>If not: a body that can be read once is spent when its connection is refused or found dead.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Headers_OfAContentThatFlushesFirst_AreWrittenBeforeTheContentIsTouched(bool sync)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();
        int writesWhenTouched = -1;
        using HttpRequestMessage request = Post(server.Uri, "none");
        request.Content = new FlushingContent(() => writesWhenTouched = client.Connections[0].Writes.Count);

        await client.ExchangeAsync("sender", request, sync);

        writesWhenTouched.ShouldBe(1);
        client.Connections[0].Writes[0].Text.ShouldEndWith("\r\n\r\n");
    }

    /// <summary>If not: a request whose connection is refused at the first write fails in another way, is sent by the runtime again, or its body runs all the same.</summary>
    [Theory]
    [InlineData("none", false)]
    [InlineData("none", true)]
    [InlineData("bytes", false)]
    [InlineData("flushing", false)]
    public async Task FirstWrite_ThatThrows_FailsTheRequestWithThatException_AndNothingIsSentAgain(string body, bool sync)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();
        await client.GetAsync("first", server.Uri);
        TappedConnection idle = client.Connections[0];
        idle.Forget();
        var refusal = new HttpIOException(HttpRequestError.ConnectionError, "refused");
        idle.OnWrite = _ => throw refusal;
        bool touched = false;
        using HttpRequestMessage request = Post(server.Uri, body);
        if (body == "flushing")
        {
            request.Content = new FlushingContent(() => touched = true);
        }

        HttpRequestException e = await Should.ThrowAsync<HttpRequestException>(() => client.ExchangeAsync("sender", request, sync));

        Chain(e).ShouldContain(refusal);
        e.HttpRequestError.ShouldBe(HttpRequestError.ConnectionError);
        touched.ShouldBeFalse();
        idle.IsDisposed.ShouldBeTrue();
        client.Connections.Count.ShouldBe(1, "the runtime dials no other connection by itself");
        server.TotalExecutions.ShouldBe(1, "the first request alone");
    }

    /// <summary>If not: what a redirect leads to is taken for the request the application made.</summary>
    [Fact]
    public async Task Redirect_IsWrittenInTheSameContext_AndChangesTheMessageInPlace()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!, 302, headers: "Location: /elsewhere\r\n");
            await connection.AnswerAllAsync();
        });
        using var client = new TappedClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri);
        Uri before = request.RequestUri!;

        using HttpResponseMessage response = await client.SendAsync("sender", request);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.RequestMessage.ShouldBeSameAs(request);
        request.RequestUri.ShouldNotBeSameAs(before);
        client.Connections[0].Writes.Select(write => (write.Sender, write.Text.Split(' ')[1])).ShouldBe([("sender", "/"), ("sender", "/elsewhere")]);
    }

    /// <summary>If not: the answer to a challenge is taken for a request of its own, or the first for a replay.</summary>
    [Fact]
    public async Task Challenge_IsAnsweredInTheSameContext_WithAHeaderOnTheMessage()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!, 401, headers: "WWW-Authenticate: Basic realm=\"x\"\r\n");
            await connection.AnswerAllAsync();
        });
        using var client = new TappedClient(handler => handler.Credentials = new NetworkCredential("user", "word"));
        using HttpRequestMessage request = Post(server.Uri, "bytes");

        using HttpResponseMessage response = await client.SendAsync("sender", request);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        request.Headers.NonValidated.Contains("Authorization").ShouldBeTrue();
        client.Connections[0].Writes.ShouldAllBe(write => write.Sender == "sender");
        client.Connections[0].Writes.Count(write => write.Text.StartsWith("POST / ", StringComparison.Ordinal)).ShouldBe(2);
    }

    /// <summary>If not: what follows a <c>100 Continue</c> is not known for the body of the request at work.</summary>
    [Fact]
    public async Task Continue_IsFollowedByTheBody_InTheContextOfItsRequest()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            ScriptedRequest head = (await connection.ReadRequestAsync(readBody: false))!;
            await connection.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await connection.AnswerAsync(await connection.ReadBodyAsync(head));
        });
        using var client = new TappedClient(handler => handler.Expect100ContinueTimeout = TimeSpan.FromSeconds(20));
        using HttpRequestMessage request = Post(server.Uri, "bytes");
        request.Headers.ExpectContinue = true;

        (await client.ExchangeAsync("sender", request)).ShouldBe(HttpStatusCode.OK);

        IReadOnlyList<StreamCall> writes = client.Connections[0].Writes;
        writes.Count.ShouldBe(2);
        writes[0].Text.ShouldEndWith("\r\n\r\n");
        writes.ShouldAllBe(write => write.Sender == "sender");
    }

    internal static IEnumerable<Exception> Chain(Exception e)
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            yield return inner;
        }
    }

    private static HttpRequestMessage Post(Uri address, string body) => new(HttpMethod.Post, address)
    {
        Content = body switch
        {
            "bytes" => new ByteArrayContent([1, 2, 3]),
            "stream" => new StreamContent(new MemoryStream(Encoding.ASCII.GetBytes(new string('b', 5000)))),
            _ => null,
        },
    };

    /// <summary>Gets its headers out before it is run, as the guard's stand-in does.</summary>
    private sealed class FlushingContent(Action onRun) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            onRun();
            await stream.WriteAsync("body"u8.ToArray());
        }

        protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            stream.Flush();
            onRun();
            stream.Write("body"u8);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 4;
            return true;
        }
    }
}
