using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Testing;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>The other ways in which YARP makes its clients: <c>MapForwarder</c>, <c>IHttpForwarder</c> with a client of the application's, service discovery. And whose races the metrics say they are.</summary>
public sealed class YarpForwardingTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MapForwarder_DestinationClosesAsTheRequestLeaves_IsAnsweredOnlyWithTheGuard(bool guarded)
    {
        await using var race = new YarpRace();
        await using WebApplication proxy = await StartAsync(
            services => Guard(services.AddReverseProxy().ConfigureHttpClient(race.Hook), guarded),
            application => application.MapForwarder("/{**rest}", race.Server.Uri.ToString()));

        HttpStatusCode status = await race.RunAsync(new Uri(proxy.Urls.First()), "POST", 3);

        race.Happened.ShouldBeTrue();
        status.ShouldBe(guarded ? HttpStatusCode.OK : HttpStatusCode.BadGateway);
        race.Server.Executions.GetValueOrDefault("raced").ShouldBe(guarded ? 1 : 0);
    }

    [Fact]
    public async Task HttpForwarder_ClientOfTheApplications_IsAnswered()
    {
        await using var race = new YarpRace();
        await using WebApplication proxy = await StartAsync(
            services => services.AddHttpForwarder().AddStaleConnGuard(),
            application =>
            {
                var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false };
                race.Hook(handler);
                var options = new StaleConnGuardOptions { Retry = { Enabled = false }, Replay = { BufferOneShotUpTo = 65_536, BufferUnknownLength = false } };
                var client = new HttpMessageInvoker(StaleConnGuardHandler.Create(application.Services, options, handler));
                var forwarder = application.Services.GetRequiredService<IHttpForwarder>();
                application.Run(async context => await forwarder.SendAsync(context, race.Server.Uri.ToString(), client));
            });

        (await race.RunAsync(new Uri(proxy.Urls.First()), "POST", 3)).ShouldBe(HttpStatusCode.OK);

        race.Happened.ShouldBeTrue();
        race.Server.Executions["raced"].ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ServiceDiscovery_DestinationByName_IsFoundAndGuarded(bool guarded)
    {
        await using var race = new YarpRace();
        await using WebApplication proxy = await StartAsync(
            services =>
            {
                services.AddServiceDiscovery();
                Guard(services.AddReverseProxy().LoadFromMemory([Route], [ClusterOf("http://orders")]).ConfigureHttpClient(race.Hook).AddServiceDiscoveryDestinationResolver(), guarded);
            },
            application => application.MapReverseProxy(),
            race.Server.Uri);

        HttpStatusCode status = await race.RunAsync(new Uri(proxy.Urls.First()), "POST", 3);

        race.Happened.ShouldBeTrue();
        status.ShouldBe(guarded ? HttpStatusCode.OK : HttpStatusCode.BadGateway);
    }

    [Fact]
    public async Task ServiceDiscovery_DirectForwardingByName_IsGuarded()
    {
        await using var race = new YarpRace();
        await using WebApplication proxy = await StartAsync(
            services =>
            {
                services.AddServiceDiscovery();
                services.AddHttpForwarderWithServiceDiscovery();
                services.AddReverseProxy().AddStaleConnGuard();
            },
            application => application.MapForwarder("/{**rest}", "http://orders"),
            race.Server.Uri);
        using var client = new HttpClient { BaseAddress = new Uri(proxy.Urls.First()) };

        // There is no hook in here; the connection ends before the request, and what shows is that the name is resolved above the guard.
        (await race.RunAsync(client.BaseAddress, "GET", 0, waitForIt: false)).ShouldBe(HttpStatusCode.OK);
        proxy.Services.GetRequiredService<IKeepAliveLedger>().Snapshot().ShouldHaveSingleItem().Origin.ShouldBe(race.Server.Uri.GetLeftPart(UriPartial.Authority));
    }

    [Fact]
    public async Task Metrics_RaceOfACluster_CarriesItsId()
    {
        using var recorder = new MetricRecorder();
        await using var race = new YarpRace();
        await using YarpHost proxy = await YarpHost.StartAsync(race.Server.Uri, yarp => yarp.ConfigureHttpClient(race.Hook).AddStaleConnGuard(YarpRace.HoweverLate));

        (await race.RunAsync(proxy, "POST", 3)).ShouldBe(HttpStatusCode.OK);

        foreach (string instrument in (string[])[StaleConnGuardDiagnostics.StaleHits, StaleConnGuardDiagnostics.Replays, StaleConnGuardDiagnostics.IdleAge])
        {
            RecordedMeasurement[] measured = [.. recorder.All.Where(one => one.Instrument == instrument && Equals(one.Tags.GetValueOrDefault("server.port"), race.Server.Uri.Port))];
            measured.ShouldNotBeEmpty(instrument);
            measured.ShouldAllBe(one => Equals(one.Tags["staleconnguard.cluster"], YarpHost.Cluster), instrument);
        }
    }

    private static RouteConfig Route => new() { RouteId = "all", ClusterId = "orders", Match = new RouteMatch { Path = "{**rest}" } };

    private static ClusterConfig ClusterOf(string address) =>
        new() { ClusterId = "orders", Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = address } } };

    private static void Guard(IReverseProxyBuilder builder, bool guarded) => _ = guarded ? builder.AddStaleConnGuard() : builder;

    private static async Task<WebApplication> StartAsync(Action<IServiceCollection> services, Action<WebApplication> pipeline, Uri? orders = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Services:orders:http:0"] = orders?.Authority });
        builder.Services.AddSingleton(new KeepAliveLedger());
        services(builder.Services);
        WebApplication application = builder.Build();
        pipeline(application);
        await application.StartAsync();
        return application;
    }
}
