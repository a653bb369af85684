using System.Net;
using System.Net.Http.Json;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>
/// A response body that is piped into another request is read inside that request's context. The guard must not take such a read for the
/// pool's look at an idle connection: that would cut the body.
/// </summary>
public class PipedBodyTests
{
    // Half of it is the keep-alive limit; the body stalls for more than twice that.
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromMilliseconds(300);

    public static TheoryData<string, string, string, bool> Pipes()
    {
        var data = new TheoryData<string, string, string, bool>();
        foreach (string content in new[] { "one-shot", "seekable", "json", "multipart" })
        {
            data.Add(content, "plain 1", "plain 1", false);
            data.Add(content, "plain 1", "tls 1", false);
            data.Add(content, "tls 1", "tls 1", false);
            data.Add(content, "tls 1", "tls 2", false);
            data.Add(content, "tls 2", "tls 1", false);
            data.Add(content, "plain 1", "tls 2 or lower", false);
            if (content is not "json")
            {
                data.Add(content, "plain 1", "plain 1", true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Pipes))]
    public async Task ResponseBody_PipedIntoARequestWhileItStalls_ArrivesWhole(string content, string from, string to, bool sync)
    {
        await using EchoHost host = await EchoHost.StartAsync();
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);
        using HttpRequestMessage asking = Request(HttpMethod.Get, host, from, "/stalling");
        using HttpResponseMessage source = await client.SendAsync(asking, completion: HttpCompletionOption.ResponseHeadersRead);
        Stream body = await source.Content.ReadAsStreamAsync();

        // A connection that is in the pool, so that the pool looks at it inside this request.
        using HttpRequestMessage warming = Request(HttpMethod.Get, host, to, "/warm");
        using HttpResponseMessage warm = await client.SendAsync(warming);

        using HttpRequestMessage request = Request(HttpMethod.Post, host, to, "/echo");
        request.Content = Content(content, body);
        using HttpResponseMessage echoed = await client.SendAsync(request, sync);

        string received = await echoed.Content.ReadAsStringAsync();
        if (content == "multipart")
        {
            received.ShouldContain(EchoHost.StallingBody);
            return;
        }

        received.ShouldBe(content == "json" ? $"[{string.Join(',', EchoHost.StallingBody.Select(c => (int)c))}]" : EchoHost.StallingBody);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true)]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", false)]
    public async Task ResponseBody_PipedIntoARequestThatIsAnsweredEarly_ArrivesWhole(string early, bool isFinal)
    {
        byte[] received = [];
        var answeredEarly = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var source = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
            await answeredEarly.Task;
            await connection.WriteAsync("world");
            await connection.CloseAsync();
        });
        await using var target = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            ScriptedRequest? request = await connection.ReadRequestAsync(readBody: false);
            await connection.WriteAsync(early);
            answeredEarly.SetResult();
            received = (await connection.ReadBodyAsync(request!)).Body;
            await connection.WriteAsync(isFinal ? "ok" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);
        using HttpResponseMessage piped = await client.Http.GetAsync(source.Uri, HttpCompletionOption.ResponseHeadersRead);
        await client.GetAsync(target.Uri);

        // The second read of the source comes when the early answer is here and the source has been silent for longer than the limit.
        var body = new PipedStream(await piped.Content.ReadAsStreamAsync(), beforeRead: async read =>
        {
            if (read == 1)
            {
                await answeredEarly.Task;
                await Task.Delay(s_serverTimeout);
            }
        });
        using HttpRequestMessage request = GuardedClient.Request("POST", target.Uri);
        request.Content = new StreamContent(body);
        using HttpResponseMessage response = await client.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        Encoding.ASCII.GetString(received).ShouldBe("helloworld");
    }

    private static HttpContent Content(string kind, Stream body) => kind switch
    {
        "one-shot" => new StreamContent(body),
        "seekable" => new StreamContent(new PipedStream(body, EchoHost.StallingBody.Length)),
        "json" => JsonContent.Create(ReadBytes(body)),
        _ => new MultipartFormDataContent { { new StringContent("first"), "a" }, { new StreamContent(body), "b" } },
    };

    private static IEnumerable<int> ReadBytes(Stream body)
    {
        for (int b = body.ReadByte(); b >= 0; b = body.ReadByte())
        {
            yield return b;
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, EchoHost host, string leg, string path)
    {
        string[] parts = leg.Split(' ', 3);
        return new HttpRequestMessage(method, new Uri(parts[0] == "tls" ? host.Secure : host.Plain, path))
        {
            Version = parts[1] == "2" ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = parts.Length > 2 ? HttpVersionPolicy.RequestVersionOrLower : HttpVersionPolicy.RequestVersionExact,
        };
    }
}
