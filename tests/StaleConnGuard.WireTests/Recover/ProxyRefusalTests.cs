using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Recover;

/// <summary>A proxy that refuses credentials does so again, and locks the account: it is asked once. This pins the runtime's words, too.</summary>
public class ProxyRefusalTests
{
    [Theory]
    [InlineData(407, 1)]
    [InlineData(403, 1)]
    [InlineData(502, 4)]
    [InlineData(503, 4)]
    public async Task Tunnel_Refused_IsAskedForAgainOnlyIfItMayHelp(int status, int asked)
    {
        int connects = 0;
        await using var proxy = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                request.Method.ShouldBe("CONNECT");
                Interlocked.Increment(ref connects);
                await connection.AnswerAsync(request, status);
            }
        });
        using HttpClient client = RetryClient.Create(handler: new SocketsHttpHandler { Proxy = new WebProxy(proxy.Uri) });

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync(new Uri("https://origin.test/")));

        e.HttpRequestError.ShouldBe(HttpRequestError.ProxyTunnelError);
        connects.ShouldBe(asked);
    }

    [Theory]
    [InlineData(HttpStatusCode.ProxyAuthenticationRequired)]
    [InlineData(HttpStatusCode.Unauthorized)]
    public async Task Answer_AsksForCredentials_IsTheAnswer(HttpStatusCode status)
    {
        int requests = 0;
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                Interlocked.Increment(ref requests);
                await connection.AnswerAsync(request, (int)status);
            }
        });
        using HttpClient client = RetryClient.Create(handler: new SocketsHttpHandler { Proxy = new WebProxy(server.Uri) });

        using HttpResponseMessage response = await client.GetAsync(new Uri("http://origin.test/"));

        response.StatusCode.ShouldBe(status);
        requests.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Socks_RefusesTheCredentials_IsAskedOnce(bool offersMethod)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        int asked = 0;
        Task serving = ServeAsync();
        var proxy = new WebProxy($"socks5://{listener.LocalEndPoint}") { Credentials = new NetworkCredential("user", "wrong") };
        using HttpClient client = RetryClient.Create(handler: new SocketsHttpHandler { Proxy = proxy });

        await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://origin.test/")));

        asked.ShouldBe(1);
        listener.Dispose();
        await serving;

        async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using Socket socket = await listener.AcceptAsync();
                    asked++;
                    byte[] buffer = new byte[256];
                    await socket.ReceiveAsync(buffer);

                    // RFC 1928 3, RFC 1929 2: no acceptable method; or user name and password, which are wrong.
                    await socket.SendAsync(new byte[] { 5, offersMethod ? (byte)2 : (byte)0xFF });
                    if (offersMethod)
                    {
                        await socket.ReceiveAsync(buffer);
                        await socket.SendAsync(new byte[] { 1, 1 });
                    }

                    await socket.ReceiveAsync(buffer);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
