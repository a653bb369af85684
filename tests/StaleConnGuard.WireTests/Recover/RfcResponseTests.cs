using System.Net;
using StaleConnGuard.Testing;
using static StaleConnGuard.WireTests.Prove.ReplayTests;

namespace StaleConnGuard.WireTests.Recover;

/// <summary>Once a response has begun, and connections that must not be used again (RFC 9112). Numbers as in docs/rfc-list.md.</summary>
public class RfcResponseTests
{
    [Theory]
    [InlineData(Fault.HalfHeaderThenClose, false, false)]
    [InlineData(Fault.HalfHeaderThenClose, true, false)]
    [InlineData(Fault.HalfHeaderThenClose, true, true)]
    [InlineData(Fault.InterimThenClose, false, false)]
    [InlineData(Fault.InterimThenClose, true, false)]
    [InlineData(Fault.InterimThenClose, true, true)]
    public async Task R05_ResponseHadBegun_IsNotRepeated(Fault fault, bool reused, bool sync)
    {
        await using var server = new RfcServer(fault, reused);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => server.SendAsync(Request("GET", "none"), sync));
        server.Executions.ShouldBe(1);
    }

    [Fact]
    public async Task R05_BodyCutOff_SurfacesAsIncomplete()
    {
        await using ScriptedServer server = Serve(async (connection, request) =>
        {
            connection.Execute(request);
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            await connection.CloseAsync();
        });
        using HttpClient client = RetryClient.Create();
        HttpRequestException e = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetAsync(server.Uri));
        e.InnerException.ShouldBeOfType<HttpIOException>().HttpRequestError.ShouldBe(HttpRequestError.ResponseEnded);
        server.TotalExecutions.ShouldBe(1);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true)]
    public async Task R06_ConnectionThatIsToClose_CarriesNoSecondRequest(string answer, bool clientSaysClose)
    {
        // The server does not close: it is the client that must not go on.
        await using ScriptedServer server = Serve(async (connection, request) =>
        {
            connection.Execute(request);
            await connection.WriteAsync(answer);
        });
        using HttpClient client = RetryClient.Create();
        for (int i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri);
            request.Headers.ConnectionClose = clientSaysClose ? true : null;
            using HttpResponseMessage response = await client.SendAsync(request);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        server.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task R07_BodyNotRead_ConnectionIsNotReused()
    {
        await using ScriptedServer server = Serve(async (connection, request) =>
        {
            connection.Execute(request);
            await connection.WriteAsync(connection.Index == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nbegin" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        using HttpClient client = RetryClient.Create();
        (await client.GetAsync(server.Uri, HttpCompletionOption.ResponseHeadersRead)).Dispose();
        (await client.GetStringAsync(server.Uri)).ShouldBe("ok");
        server.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task R08_ConnectionClosedWhileIdle_IsNotChosenAgain()
    {
        var closed = new TaskCompletionSource();
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            if (connection.Index == 0)
            {
                await connection.CloseAsync();
                closed.SetResult();
                return;
            }

            await connection.AnswerAllAsync();
        });
        using HttpClient client = RetryClient.Create();
        (await client.GetStringAsync(server.Uri)).ShouldBe("ok");
        await closed.Task;
        using HttpResponseMessage response = await client.PostAsync(server.Uri, new StringContent("order"));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Connections.ShouldBe(2);
        server.TotalExecutions.ShouldBe(2);
    }

    [Fact]
    public async Task R09_EarlyErrorDuringUpload_IsDelivered()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            ScriptedRequest request = (await connection.ReadRequestAsync(readBody: false))!;
            connection.Execute(request);
            await connection.WriteAsync("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            byte[] rest = new byte[64 * 1024];
            while (await connection.Stream.ReadAsync(rest) > 0)
            {
                // Discards what still comes, as a server that closes in good order does.
            }
        });
        using HttpClient client = RetryClient.Create();
        using HttpResponseMessage response = await client.PostAsync(server.Uri, new ByteArrayContent(new byte[4 * 1024 * 1024]));
        response.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        server.TotalExecutions.ShouldBe(1);
    }

    [Fact]
    public async Task R09_EarlyErrorErasedByAReset_IsNoReasonToRepeatAPost()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            ScriptedRequest request = (await connection.ReadRequestAsync(readBody: false))!;
            connection.Execute(request);
            await connection.WriteAsync("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
            connection.Reset();
        });
        using HttpClient client = RetryClient.Create();
        // Which of the two the client still sees is up to the kernel.
        await Record.ExceptionAsync(() => client.PostAsync(server.Uri, new ByteArrayContent(new byte[4 * 1024 * 1024])));
        server.TotalExecutions.ShouldBe(1);
    }

    [Fact]
    public async Task R11_RequestTimeoutStatus_IsRepeatedOnlyWhenAskedForAndSafe()
    {
        await using ScriptedServer server = Serve((connection, request) => connection.AnswerAsync(request, status: 408));
        using HttpClient client = RetryClient.Create();
        using HttpResponseMessage once = await client.GetAsync(server.Uri);
        server.TotalExecutions.ShouldBe(1);

        using HttpClient asking = RetryClient.Create(o => o.StatusCodes = [HttpStatusCode.RequestTimeout]);
        using HttpResponseMessage nonIdempotentOnce = await asking.PostAsync(server.Uri, null);
        server.TotalExecutions.ShouldBe(2);
        using HttpResponseMessage often = await asking.GetAsync(server.Uri);
        server.TotalExecutions.ShouldBe(2 + 4);
    }

    [Fact]
    public async Task R12_ClosedBeforeContinue_BodyIsNeverTouchedAndNotSentAgain()
    {
        var content = new OneShotStream([1, 2, 3]);
        await using var server = new ScriptedServer(async connection =>
        {
            connection.Execute((await connection.ReadRequestAsync(readBody: false))!);
            await connection.CloseAsync();
        });
        using HttpClient client = RetryClient.Create(handler: new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(30) });
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StreamContent(content) };
        request.Headers.ExpectContinue = true;
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.SendAsync(request));
        content.Touched.ShouldBeFalse();
        server.TotalExecutions.ShouldBe(1);
    }

    [Fact]
    public async Task R12_NoContinueEverComes_BodyIsSentAllTheSame()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            ScriptedRequest request = (await connection.ReadRequestAsync())!;
            await connection.AnswerAsync(request, body: System.Text.Encoding.UTF8.GetString(request.Body));
        });
        using HttpClient client = RetryClient.Create(handler: new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromMilliseconds(50) });
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StringContent("order") };
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage response = await client.SendAsync(request);
        (await response.Content.ReadAsStringAsync()).ShouldBe("order");
    }

    [Fact]
    public async Task R17_UnsolicitedBytesOnAnIdleConnection_AreNeverAnAnswer()
    {
        var sent = new TaskCompletionSource();
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            if (connection.Index == 0)
            {
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
                sent.SetResult();
            }

            await connection.AnswerAllAsync();
        });
        using HttpClient client = RetryClient.Create();
        (await client.GetStringAsync(server.Uri)).ShouldBe("ok");
        await sent.Task;
        (await client.GetStringAsync(server.Uri)).ShouldBe("ok");
        server.Connections.ShouldBe(2);
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", HttpStatusCode.SwitchingProtocols)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n", HttpStatusCode.OK)]
    public async Task R18_StreamThatEndsAfterItsHeaders_IsNotRepeated(string answer, HttpStatusCode status)
    {
        await using ScriptedServer server = Serve(async (connection, request) =>
        {
            connection.Execute(request);
            await connection.WriteAsync(answer);
            await connection.CloseAsync();
        });
        using HttpClient client = RetryClient.Create();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri);
        if (status is HttpStatusCode.SwitchingProtocols)
        {
            request.Headers.Connection.Add("Upgrade");
            request.Headers.Upgrade.ParseAdd("echo");
        }

        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.ShouldBe(status);
        await Record.ExceptionAsync(() => response.Content.ReadAsStringAsync());
        server.TotalExecutions.ShouldBe(1);
    }

    private static ScriptedServer Serve(Func<ScriptedConnection, ScriptedRequest, Task> answer) => new(async connection =>
    {
        while (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            await answer(connection, request);
        }
    });
}
