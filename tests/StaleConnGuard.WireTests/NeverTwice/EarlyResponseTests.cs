using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>An answer that comes while the body is still on its way, and a connection that ends then: the server has seen the request.</summary>
public class EarlyResponseTests
{
    [Theory]
    [InlineData("PUT", false)]
    [InlineData("PUT", true)]
    [InlineData("POST", false)]
    public async Task Upload_AnsweredEarlyAndCutOff_IsNotReplayed(string method, bool sync)
    {
        int requests = 0;
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            if (await connection.ReadRequestAsync(readBody: false) is null)
            {
                return;
            }

            // Closing with the upload unread is a reset, which follows the answer.
            Interlocked.Increment(ref requests);
            await connection.WriteAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            connection.Socket.Close();
        });
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);
        using HttpRequestMessage upload = GuardedClient.Request(method, server.Uri);
        upload.Content = new ByteArrayContent(new byte[8_000_000]);

        try
        {
            using HttpResponseMessage response = await client.SendAsync(upload, sync);
            response.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        }
        catch (HttpRequestException)
        {
            // The reset may have erased the answer: then an error, and for a request that is safe to repeat one more attempt.
        }

        requests.ShouldBe(1);
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("POST")]
    public async Task Upload_AnsweredEarlyThenReset_SurfacesTheOriginalFailure(string method)
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var responded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            if (await connection.ReadRequestAsync(readBody: false) is not ScriptedRequest request)
            {
                return;
            }

            connection.Execute(request);
            await connection.WriteAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
            answered.TrySetResult();
            await responded.Task;
            connection.Reset();
        });
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);
        using HttpRequestMessage upload = GuardedClient.Request(method, server.Uri);
        upload.Content = new StreamContent(new PipedStream(new MemoryStream(new byte[64_000_000]), beforeRead: async read =>
        {
            if (read == 1)
            {
                await answered.Task;

                // Long enough for the answer to be read by the pending read on any machine.
                await Task.Delay(100);
                responded.TrySetResult();
            }
        }));

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(upload));

        e.ShouldNotBeOfType<StaleConnectionException>();
        server.Executions["raced"].ShouldBe(1);
    }
}
