using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.AspNetCore;

public class AdvertiseKeepAliveTests
{
    [Theory]
    [InlineData(5, "timeout=5")]
    [InlineData(130, "timeout=130")]
    [InlineData(5.9, "timeout=5")]
    [InlineData(0.5, "timeout=0")]
    public async Task Response_Http11_SaysTheTimeoutInWholeSeconds(double seconds, string expected)
    {
        await using KestrelUnderTest server = await StartAsync(TimeSpan.FromSeconds(seconds));
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(server.Uri);

        response.Headers.GetValues("Keep-Alive").ShouldBe([expected]);
        response.Headers.ConnectionClose.ShouldNotBe(true);
    }

    [Fact]
    public async Task Response_HandlerFailed_SaysItAsWell()
    {
        await using KestrelUnderTest server = await StartAsync(TimeSpan.FromSeconds(5));
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Uri, "/fails"));

        response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        response.Headers.GetValues("Keep-Alive").ShouldBe(["timeout=5"]);
    }

    [Fact]
    public async Task Response_ConnectionWillClose_SaysNothing()
    {
        await using KestrelUnderTest server = await StartAsync(TimeSpan.FromSeconds(5));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri) { Headers = { ConnectionClose = true } };
        using HttpResponseMessage response = await client.SendAsync(request);

        response.Headers.Contains("Keep-Alive").ShouldBeFalse();
    }

    [Fact]
    public async Task Response_ApplicationSaysItItself_IsLeftAlone()
    {
        await using KestrelUnderTest server = await StartAsync(TimeSpan.FromSeconds(5));
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Uri, "/own"));

        response.Headers.GetValues("Keep-Alive").ShouldBe(["timeout=2"]);
    }

    [Fact]
    public async Task Response_TimeoutInfinite_SaysNothing()
    {
        await using KestrelUnderTest server = await StartAsync(Timeout.InfiniteTimeSpan);
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(server.Uri);

        response.Headers.Contains("Keep-Alive").ShouldBeFalse();
    }

    [Fact]
    public async Task Response_Http2_SaysNothing()
    {
        await using KestrelUnderTest server = await StartAsync(TimeSpan.FromSeconds(5), protocols: HttpProtocols.Http2);
        using var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage response = await client.GetAsync(server.Uri);

        response.Version.ShouldBe(HttpVersion.Version20);
        response.Headers.Contains("Keep-Alive").ShouldBeFalse();
        response.Headers.Contains("Connection").ShouldBeFalse();
    }

    [Fact]
    public async Task Shutdown_ClientHasAnIdleConnection_WaitsUntilItWasToldToClose()
    {
        await using KestrelUnderTest server = await StartAsync(TimeSpan.FromSeconds(60), o => o.Drain = TimeSpan.FromMinutes(1));
        using var client = new HttpClient();
        using (HttpResponseMessage before = await client.GetAsync(server.Uri))
        {
            before.Headers.ConnectionClose.ShouldNotBe(true);
        }

        Task stopping = server.StopAsync();
        stopping.IsCompleted.ShouldBeFalse();
        using HttpResponseMessage last = await client.PostAsync(server.Uri, new StringContent("order"));

        last.StatusCode.ShouldBe(HttpStatusCode.OK);
        last.Headers.ConnectionClose.ShouldBe(true);
        last.Headers.Contains("Keep-Alive").ShouldBeFalse();
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Shutdown_NobodyConnected_DoesNotWait()
    {
        await using KestrelUnderTest server = await StartAsync(TimeSpan.FromSeconds(60), o => o.Drain = TimeSpan.FromMinutes(10));
        await server.StopAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Start_TimeoutNotAboveTheBalancers_WarnsOnceForEach()
    {
        await using KestrelUnderTest server = await StartAsync(
            TimeSpan.FromSeconds(60), o => o.BehindLoadBalancer(KnownServerTimeouts.AwsAlb).BehindLoadBalancer(TimeSpan.FromSeconds(59)).BehindLoadBalancer(KnownServerTimeouts.AwsNlb));

        string[] warnings = [.. server.Log.Collector.GetSnapshot().Where(e => e.Id.Id == 301).Select(e => e.Message)];
        warnings.Length.ShouldBe(2);
        warnings[0].ShouldStartWith("Kestrel closes idle connections after 00:01:00, AwsAlb keeps them for 00:01:00:");
        warnings[1].ShouldContain("AwsNlb");
    }

    [Fact]
    public async Task Start_TimeoutAboveTheBalancers_IsSilent()
    {
        await using KestrelUnderTest server = await StartAsync(TimeSpan.FromSeconds(61), o => o.BehindLoadBalancer(KnownServerTimeouts.AwsAlb));
        server.Log.Collector.GetSnapshot().ShouldAllBe(e => e.Category != "StaleConnGuard.AspNetCore");
    }

    [Fact]
    public async Task Start_TimeoutTooShortForClientsThatKeepADistance_Warns()
    {
        await using KestrelUnderTest server = await StartAsync(TimeSpan.FromSeconds(1));
        server.Log.Collector.GetSnapshot().Count(e => e.Id.Id == 303).ShouldBe(1);
    }

    [Fact]
    public async Task Start_DrainBelowZero_FailsAndSaysWhich()
    {
        OptionsValidationException e = await Should.ThrowAsync<OptionsValidationException>(() => StartAsync(TimeSpan.FromSeconds(5), o => o.Drain = TimeSpan.FromSeconds(-1)));
        e.Message.ShouldContain("Drain");
    }

    private static Task<KestrelUnderTest> StartAsync(TimeSpan timeout, Action<KeepAliveAdvertisementOptions>? configure = null, HttpProtocols protocols = HttpProtocols.Http1) =>
        KestrelUnderTest.StartAsync(
            builder =>
            {
                builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.KeepAliveTimeout = timeout);
                builder.WebHost.AdvertiseKeepAlive(configure);
                builder.WebHost.AdvertiseKeepAlive();
            },
            app =>
            {
                app.UseExceptionHandler(failed => failed.Run(_ => Task.CompletedTask));
                app.Map("/", () => "ok");
                app.Map("/fails", IResult () => throw new InvalidOperationException("as asked"));
                app.Map("/own", (HttpContext context) =>
                {
                    context.Response.Headers.KeepAlive = "timeout=2";
                    return "ok";
                });
            },
            protocols);
}
