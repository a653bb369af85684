using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>One send can be several requests, to several servers: what each response says about its connection is about that connection.</summary>
public class HopHeadersTests
{
    [Theory]
    [InlineData(302, false, false)]
    [InlineData(307, false, false)]
    [InlineData(302, true, false)]
    [InlineData(307, false, true)]
    public async Task KeepAlive_OfEachHop_IsBookedOnItsOwnOrigin(int status, bool tlsTarget, bool sync)
    {
        await using ScriptedServer target = Answering("Keep-Alive: timeout=7\r\n", tlsTarget);
        await using ScriptedServer origin = Redirecting(status, target.Uri, "Keep-Alive: timeout=30\r\n");
        using var client = new GuardedClient();

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("POST", origin.Uri, "bytes"), sync);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        Advertised(client, origin.Uri).ShouldBe(TimeSpan.FromSeconds(30));
        Advertised(client, target.Uri).ShouldBe(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task KeepAlive_OfTheLastHopOnly_IsNotBookedOnTheFirst()
    {
        await using ScriptedServer target = Answering("Keep-Alive: timeout=1\r\n");
        await using ScriptedServer origin = Redirecting(302, target.Uri, "");
        using var client = new GuardedClient();
        await client.GetAsync(origin.Uri);
        Advertised(client, origin.Uri).ShouldBeNull();
        Advertised(client, target.Uri).ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task KeepAlive_OfAChallenge_IsBookedThere()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await (request.Headers.ContainsKey("Authorization")
                    ? connection.AnswerAsync(request)
                    : connection.AnswerAsync(request, 401, headers: "WWW-Authenticate: Basic realm=\"any\"\r\nKeep-Alive: timeout=9\r\n"));
            }
        });
        using var client = new GuardedClient(configure: h => h.Credentials = new NetworkCredential("user", "secret"));
        await client.GetAsync(server.Uri);
        Advertised(client, server.Uri).ShouldBe(TimeSpan.FromSeconds(9));
    }

    /// <summary>The last hop speaks HTTP/1.0 without keep-alive: its connection carries nothing more, and the first hop's is as good as ever.</summary>
    [Theory]
    [InlineData(302)]
    [InlineData(307)]
    public async Task Http10_OfTheLastHop_EndsThatConnectionAndNotTheFirst(int status)
    {
        await using ScriptedServer target = Raw("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using ScriptedServer origin = Redirecting(status, target.Uri, "");
        using var client = new GuardedClient();
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("POST", origin.Uri, "bytes"));
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        origin.Connections.ShouldBe(1);
        target.Connections.ShouldBe(3);
    }

    /// <summary>The first hop speaks HTTP/1.0 without keep-alive, the last does not.</summary>
    [Fact]
    public async Task Http10_OfTheFirstHop_EndsThatConnectionAndNotTheLast()
    {
        await using ScriptedServer target = Answering("");
        await using ScriptedServer origin = Raw($"HTTP/1.0 302 Found\r\nLocation: {target.Uri}\r\nContent-Length: 0\r\n\r\n");
        using var client = new GuardedClient();
        for (int i = 0; i < 3; i++)
        {
            await client.GetAsync(origin.Uri);
        }

        origin.Connections.ShouldBe(3);
        target.Connections.ShouldBe(1);
    }

    /// <summary>The last hop ends with its connection; the idle close of the first hop's teaches all the same.</summary>
    [Fact]
    public async Task ConnectionClose_OfTheLastHop_IsNotTakenForTheFirsts()
    {
        var timeout = TimeSpan.FromMilliseconds(600);
        await using ScriptedServer target = Answering("Connection: close\r\n");
        await using var origin = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync($"HTTP/1.1 302 Found\r\nLocation: {target.Uri}\r\nContent-Length: 0\r\n\r\n");
            await Task.Delay(timeout);
            await connection.CloseAsync();
        });
        using var client = new GuardedClient();
        for (int i = 0; i < 3; i++)
        {
            await client.GetAsync(origin.Uri);
            await Task.Delay(timeout + TimeSpan.FromMilliseconds(300));
        }

        client.Ledger.TryGet(origin.Uri, out OriginKeepAlive? known).ShouldBeTrue();
        known!.IdleCloses.ShouldBeGreaterThanOrEqualTo(2);
    }

    /// <summary>The message says close, and so does each request that the runtime makes of it.</summary>
    [Fact]
    public async Task RequestThatSaysClose_EndsEachHopsConnection()
    {
        await using ScriptedServer target = Answering("");
        await using ScriptedServer origin = Redirecting(302, target.Uri, "");
        using var client = new GuardedClient();
        for (int i = 0; i < 2; i++)
        {
            HttpRequestMessage request = GuardedClient.Request("GET", origin.Uri);
            request.Headers.ConnectionClose = true;
            (await client.SendAsync(request)).Dispose();
        }

        origin.Connections.ShouldBe(2);
        target.Connections.ShouldBe(2);
    }

    private static TimeSpan? Advertised(GuardedClient client, Uri uri)
    {
        client.Ledger.TryGet(uri, out OriginKeepAlive? known).ShouldBeTrue();
        return known!.Advertised;
    }

    private static ScriptedServer Answering(string headers, bool tls = false) => new(
        async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.AnswerAsync(request, headers: headers);
            }
        },
        tls);

    private static ScriptedServer Redirecting(int status, Uri target, string headers) => Raw($"HTTP/1.1 {status} Redirect\r\nLocation: {target}\r\nContent-Length: 0\r\n{headers}\r\n");

    private static ScriptedServer Raw(string response) => new(async connection =>
    {
        while (await connection.ReadRequestAsync() is not null)
        {
            await connection.WriteAsync(response);
        }
    });
}
