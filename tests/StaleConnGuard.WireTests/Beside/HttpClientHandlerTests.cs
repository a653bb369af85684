using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Refit;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>A <see cref="HttpClientHandler"/> is guarded like the handler inside it, and what is set on it goes on working.</summary>
public class HttpClientHandlerTests
{
    [Theory]
    [InlineData("bytes", false, false)]
    [InlineData("bytes", true, false)]
    [InlineData("stream", true, false)]
    [InlineData("bytes", false, true)]
    public async Task RacedPosts_PlainFailsGuardedHeals(string body, bool tls, bool sync)
    {
        for (int run = 0; run < 5; run++)
        {
            await using (var plain = new StaleRace(guarded: false, tls, around: new HttpClientHandler()))
            {
                await plain.WarmUpAsync();
                await Should.ThrowAsync<HttpRequestException>(() => plain.SendAsync(ReplayTests.Request("POST", body), sync));
                plain.Happened.ShouldBeTrue();
            }

            await using var guarded = new StaleRace(guarded: true, tls, around: new HttpClientHandler(), make: FromTheFactory);
            await guarded.WarmUpAsync();
            using HttpResponseMessage response = await guarded.SendAsync(ReplayTests.Request("POST", body), sync);
            guarded.Happened.ShouldBeTrue();
            guarded.Server.Executions["raced"].ShouldBe(1);
        }
    }

    [Fact]
    public async Task Create_TakesOneToo()
    {
        await using var race = new StaleRace(guarded: true, around: new HttpClientHandler());
        await race.WarmUpAsync();

        using HttpResponseMessage response = await race.SendAsync(ReplayTests.Request("POST", "bytes"));

        race.Server.Executions["raced"].ShouldBe(1);
    }

    [Fact]
    public void Create_OfADerivedType_IsRefusedWithTheRemedy()
    {
        using var derived = new DerivedHandler();

        Should.Throw<ArgumentException>(() => StaleConnGuardHandler.Create(handler: derived)).Message.ShouldContain("pass a SocketsHttpHandler or a HttpClientHandler");
    }

    [Fact]
    public async Task Properties_GoOnWorking()
    {
        using X509Certificate2 certificate = SelfSignedCertificate.Create(IPAddress.Loopback);
        await using KestrelUnderTest server = await KestrelUnderTest.StartAsync(
            _ => { },
            app => app.MapGet("/", async context =>
            {
                context.Response.Cookies.Append("seen", "yes");
                context.Response.Headers.ContentEncoding = "gzip";
                await using var zip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
                await zip.WriteAsync(Encoding.ASCII.GetBytes(context.Request.Cookies["seen"] ?? "no"));
            }),
            certificate: certificate);
        int validated = 0;
        var handler = new HttpClientHandler
        {
            AutomaticDecompression = DecompressionMethods.GZip,
            ServerCertificateCustomValidationCallback = (_, presented, _, _) =>
            {
                validated++;
                return presented!.Thumbprint == certificate.Thumbprint;
            },
        };
        using HttpClient client = FromTheFactory(handler);

        // Set after the client was made, which works until the first request, guarded or not.
        handler.CookieContainer = new CookieContainer();
        (await client.GetStringAsync(server.Uri)).ShouldBe("no");
        (await client.GetStringAsync(server.Uri)).ShouldBe("yes");

        validated.ShouldBe(1);
        handler.CookieContainer.Count.ShouldBe(1);
        Should.Throw<InvalidOperationException>(() => handler.UseCookies = false);
    }

    [Fact]
    public async Task ClientCertificates_AreSent()
    {
        using X509Certificate2 certificate = SelfSignedCertificate.Create(IPAddress.Loopback);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<string?> serving = Task.Run(async () =>
        {
            using TcpClient accepted = await listener.AcceptTcpClientAsync();
            await using var tls = new SslStream(accepted.GetStream());
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            });
            _ = await tls.ReadAsync(new byte[4096]);
            await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
            return tls.RemoteCertificate?.GetCertHashString();
        });
        var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        handler.ClientCertificates.Add(certificate);
        using HttpClient client = FromTheFactory(handler);

        (await client.GetAsync(new Uri($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"))).EnsureSuccessStatusCode();

        (await serving).ShouldBe(certificate.GetCertHashString());
    }

    [Fact]
    public async Task Proxy_IsUsed()
    {
        await using var proxy = new ScriptedServer(c => c.AnswerAllAsync());
        using HttpClient client = FromTheFactory(new HttpClientHandler { Proxy = new WebProxy(proxy.Uri) });

        (await client.GetStringAsync(new Uri("http://origin.test/"))).ShouldBe("ok");
    }

    [Fact]
    public async Task Refit_WithItsDefaultHandler_IsGuarded()
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        using var log = new FakeLoggerProvider();
        var services = new ServiceCollection();
        services.AddLogging(b => b.AddProvider(log));
        services.AddStaleConnGuard();
        services.AddRefitGeneratedClient<IOrders>().ConfigureHttpClient(c => c.BaseAddress = server.Uri);
        await using ServiceProvider provider = services.BuildServiceProvider();

        (await provider.GetRequiredService<IOrders>().CreateAsync("one")).ShouldBe("ok");

        log.Collector.GetSnapshot().ShouldNotContain(e => e.Id.Name == "ForeignPrimaryHandler");
        provider.GetRequiredService<IKeepAliveLedger>().TryGet(server.Uri, out _).ShouldBeTrue();
    }

    private static HttpClient FromTheFactory(HttpMessageHandler primary)
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => primary).AddStaleConnGuard(o => o.Retry.Enabled = false);
        return services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>().CreateClient("orders");
    }

    private sealed class DerivedHandler : HttpClientHandler;
}

/// <summary>What Refit makes a client of.</summary>
public interface IOrders
{
    [Post("/")]
    Task<string> CreateAsync([Body] string order);
}
