using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>The server's idle clock starts at its last byte, so the guard's must as well, not when the application came round to reading it.</summary>
public class IdleClockTests
{
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pastTheLimit = TimeSpan.FromMilliseconds(700);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Connection_BodyReadLongAfterItCame_IsAsOldAsItsLastByte(bool tls, bool sync)
    {
        await using var server = new ScriptedServer(AnswerLargeAsync, tls);
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);
        using (HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("GET", server.Uri, id: "first"), sync, HttpCompletionOption.ResponseHeadersRead))
        {
            await Task.Delay(s_pastTheLimit);
            Stream body = await response.Content.ReadAsStreamAsync();
            long read = 0;
            byte[] buffer = new byte[16_384];
            for (int count; (count = sync ? body.Read(buffer) : await body.ReadAsync(buffer)) > 0;)
            {
                read += count;
            }

            read.ShouldBe(60_000);
        }

        using HttpResponseMessage next = await client.SendAsync(GuardedClient.Request("POST", server.Uri, "bytes"), sync);

        next.StatusCode.ShouldBe(HttpStatusCode.OK);
        client.Observer.Refusals.ShouldBe([RefusalReason.TooOld]);
        server.Connections.ShouldBe(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connection_BodyThatCameSlowly_IsAsYoungAsItsLastByte(bool tls)
    {
        await using var server = new ScriptedServer(
            async connection =>
            {
                while (await connection.ReadRequestAsync() is ScriptedRequest request)
                {
                    connection.Execute(request);
                    await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
                    for (int i = 0; i < 10; i++)
                    {
                        await connection.WriteAsync(new string('x', 6_000));
                        await Task.Delay(70);
                    }
                }
            },
            tls);
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);

        for (int i = 0; i < 2; i++)
        {
            // Slower than the body comes, so that something is always waiting to be read.
            using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("GET", server.Uri), completion: HttpCompletionOption.ResponseHeadersRead);
            Stream body = await response.Content.ReadAsStreamAsync();
            byte[] buffer = new byte[6_000];
            while (await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false) == buffer.Length)
            {
                await Task.Delay(60);
            }
        }

        client.Observer.Refusals.ShouldBeEmpty();
        server.Connections.ShouldBe(1);
    }

    private static async Task AnswerLargeAsync(ScriptedConnection connection)
    {
        while (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            await connection.AnswerAsync(request, body: new string('x', 60_000));
        }
    }
}
