using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>A destination that closes its first connection in the moment in which YARP's next request leaves on it: made to happen every time.</summary>
public sealed class YarpRaceTests
{
    [Theory]
    [InlineData("PUT", 3)]
    [InlineData("POST", 3)]
    [InlineData("POST", 1_000_000)]
    public async Task Plain_DestinationClosesAsTheRequestLeaves_Is502(string method, int size)
    {
        await using var race = new YarpRace();
        await using YarpHost proxy = await YarpHost.StartAsync(race.Server.Uri, yarp => yarp.ConfigureHttpClient(race.Hook));

        (await race.RunAsync(proxy, method, size)).ShouldBe(HttpStatusCode.BadGateway);
        race.Happened.ShouldBeTrue();
    }

    [Theory]
    [InlineData("GET", 0)]
    [InlineData("PUT", 3)]
    [InlineData("POST", 3)]
    [InlineData("POST", 0)]
    [InlineData("POST", 65_536)]
    [InlineData("POST", 1_000_000)]
    public async Task Guarded_DestinationClosesAsTheRequestLeaves_IsAnsweredAndExecutedOnce(string method, int size)
    {
        await using var race = new YarpRace();
        await using YarpHost proxy = await YarpHost.StartAsync(race.Server.Uri, yarp => yarp.ConfigureHttpClient(race.Hook).AddStaleConnGuard(YarpRace.HoweverLate));

        (await race.RunAsync(proxy, method, size)).ShouldBe(HttpStatusCode.OK);
        race.Happened.ShouldBeTrue();
        race.Server.Executions["raced"].ShouldBe(1);
        race.LastBody.ShouldBe(size);
    }

    [Fact]
    public async Task Guarded_ConnectionIsReset_Is502ThatSaysWhyAndCarriesTheException()
    {
        await using var race = new YarpRace(Ending.Reset);
        Exception? failure = null;
        await using YarpHost proxy = await YarpHost.StartAsync(
            race.Server.Uri,
            yarp => yarp.ConfigureHttpClient(race.Hook).AddStaleConnGuard(YarpRace.HoweverLate).AddStaleConnGuardHeader("X-Why"),
            application: app => app.Use(async (HttpContext context, RequestDelegate next) =>
            {
                await next(context);
                failure = context.Features.Get<IForwarderErrorFeature>()?.Exception ?? failure;
            }));

        (await race.RunAsync(proxy, "POST", 3)).ShouldBe(HttpStatusCode.BadGateway, $"raced: {race.Happened}");
        race.Happened.ShouldBeTrue();
        failure.ShouldBeOfType<StaleConnectionException>().Decision.ShouldBe(ReplayDecision.SurfaceNotSafeToRepeat);
        race.Why.ShouldBe("stale-connection;desc=\"SurfaceNotSafeToRepeat\"");
    }
}
