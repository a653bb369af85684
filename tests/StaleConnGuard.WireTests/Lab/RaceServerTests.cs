using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using StaleConnGuard.Racing;

namespace StaleConnGuard.WireTests;

[Collection(ExactTime.Collection)]
public class RaceServerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task IdleConnection_ReachesTheTimeout_IsClosedWithFinAtThatAge(bool secure)
    {
        using var certificate = secure ? SelfSignedCertificate.Create(IPAddress.Loopback) : null;
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromMilliseconds(300), Certificate = certificate });

        _ = await MeasureIdleAgeAtCloseAsync(server.Address); // Once for the compiler.
        double[] ages = [];
        int punctual = 0;

        // What is measured is the client's view: a reader that was woken up late makes it wrong in either direction. Some were not, or on a busy machine some of the next.
        for (int round = 0; round < 30 && punctual < 2; round++)
        {
            ages = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
            {
                await Task.Delay(15 * i); // One handshake at a time: they cost more than what is measured here.
                return await MeasureIdleAgeAtCloseAsync(server.Address);
            }));
            ages.ShouldAllBe(age => age > 200);
            punctual += ages.Count(age => age is > 298 and < 302);
        }

        punctual.ShouldBeGreaterThanOrEqualTo(2, string.Join(' ', ages));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("POST")]
    [InlineData("POST chunked")]
    [InlineData("POST expecting 100")]
    public async Task Request_EveryForm_IsExecutedOnceAndKeepsTheConnection(string form)
    {
        await using var server = RaceServer.Start();
        using var client = new HttpClient();
        for (int i = 0; i < 3; i++)
        {
            using HttpRequestMessage request = Make(form, server.Address, $"r{i}");
            using HttpResponseMessage response = await client.SendAsync(request);
            (await response.Content.ReadAsStringAsync()).ShouldBe(form == "HEAD" ? "" : "ok\n");
        }

        server.ConnectionsAccepted.ShouldBe(1);
        server.Executions.Total.ShouldBe(3);
        server.Executions.Of("r2").ShouldBe([new Execution(1, 3)]);
    }

    [Fact]
    public async Task Executions_SameIdTwice_IsCountedAsExecutedTwice()
    {
        await using var server = RaceServer.Start();
        using var client = new HttpClient();
        string[] ids = ["a", "b", "a"];
        foreach (string id in ids)
        {
            using HttpRequestMessage request = Make("POST", server.Address, id);
            using HttpResponseMessage response = await client.SendAsync(request);
        }

        server.Executions.CountOf("a").ShouldBe(2);
        server.Executions.CountExecutedTwice(["a", "b", "never"]).ShouldBe(1);
    }

    [Fact]
    public async Task Request_WithConnectionClose_IsAnsweredAndClosed()
    {
        await using var server = RaceServer.Start();
        using var client = new HttpClient();
        client.DefaultRequestHeaders.ConnectionClose = true;

        _ = await client.GetStringAsync(server.Address);
        _ = await client.GetStringAsync(server.Address);

        server.ConnectionsAccepted.ShouldBe(2);
    }

    [Fact]
    public async Task AdvertisedTimeout_Set_IsInEveryResponse()
    {
        await using var server = RaceServer.Start(new() { AdvertisedTimeout = TimeSpan.FromSeconds(5) });
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(server.Address);

        response.Headers.GetValues("Keep-Alive").ShouldBe(["timeout=5"]);
    }

    [Fact]
    public async Task Certificate_Set_SpeaksTls()
    {
        using var certificate = SelfSignedCertificate.Create(IPAddress.Loopback);
        await using var server = RaceServer.Start(new() { Certificate = certificate });
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented!.GetCertHashString() == certificate.GetCertHashString();
        using var client = new HttpClient(handler);

        server.Address.Scheme.ShouldBe("https");
        (await client.GetStringAsync(server.Address)).ShouldBe("ok\n");
    }

    [Fact]
    public async Task Dispose_OpenConnections_EndsThem()
    {
        var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromHours(1) });
        using var client = new HttpClient();
        _ = await client.GetStringAsync(server.Address);

        await server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(5));

        await Should.ThrowAsync<HttpRequestException>(client.GetStringAsync(server.Address));
    }

    private static HttpRequestMessage Make(string form, Uri address, string id)
    {
        var request = new HttpRequestMessage(new HttpMethod(form.Split(' ')[0]), address);
        request.Headers.Add("X-Request-Id", id);
        if (request.Method == HttpMethod.Post)
        {
            request.Content = new StringContent("""{"text":"hello"}""", Encoding.UTF8, "application/json");
            request.Headers.TransferEncodingChunked = form.EndsWith("chunked", StringComparison.Ordinal);
            request.Headers.ExpectContinue = form.EndsWith("100", StringComparison.Ordinal);
        }

        return request;
    }

    private static async Task<double> MeasureIdleAgeAtCloseAsync(Uri address)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address.Host, address.Port);
        await using Stream stream = await OpenAsync(socket, address);
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: test\r\n\r\n"u8.ToArray());
        byte[] buffer = new byte[1024];
        (await stream.ReadAsync(buffer)).ShouldBeGreaterThan(0);
        long answered = Stopwatch.GetTimestamp();
        (await stream.ReadAsync(buffer)).ShouldBe(0, "a FIN, no reset");
        return Stopwatch.GetElapsedTime(answered).TotalMilliseconds;
    }

    private static async Task<Stream> OpenAsync(Socket socket, Uri address)
    {
        var plain = new NetworkStream(socket);
        if (address.Scheme == "http")
        {
            return plain;
        }

        var secure = new SslStream(plain, leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await secure.AuthenticateAsClientAsync("localhost");
        return secure;
    }
}
