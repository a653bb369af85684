using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>A test host of an application that uses the guard (the sample gateway), as in docs/sdks.md.</summary>
public class WebApplicationFactoryTests
{
    /// <summary>Over real connections the application under test is guarded as it is in production.</summary>
    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public async Task Application_InATestHost_IsGuardedOverRealConnections(bool guarded, int received)
    {
        await using var race = new SdkRace(guarded, new SdkAnswer("{}"));
        await using var gateway = new WebApplicationFactory<Program>();
        await using WebApplicationFactory<Program> tested = gateway.WithWebHostBuilder(web => web
            .UseSetting("Warehouse", race.Uri.AbsoluteUri)
            .ConfigureTestServices(services =>
            {
                services.AddLogging(logging => logging.ClearProviders());
                race.Hold(services);
                if (!guarded)
                {
                    services.AddHttpClient("warehouse").RemoveStaleConnGuard();
                }
            }));
        using HttpClient client = tested.CreateClient();

        // A test host hands over what the application throws.
        (Exception? failure, int executed) = await race.RunAsync(async () =>
        {
            using HttpResponseMessage response = await client.PostAsync(new Uri("orders", UriKind.Relative), content: null);
            response.EnsureSuccessStatusCode();
        });

        (failure is null).ShouldBe(guarded);
        executed.ShouldBe(received);
    }

    /// <summary>Over a handler that has no connections there is nothing to guard: retries work, and a warning says it once a client.</summary>
    [Fact]
    public async Task Application_OverATestServersHandler_WorksAndSaysThatNothingIsGuarded()
    {
        int received = 0;
        await using WebApplication warehouse = await WarehouseAsync(context => context.Response.StatusCode = Interlocked.Increment(ref received) == 2 ? 503 : 200);
        using var log = new FakeLoggerProvider();
        await using var gateway = new WebApplicationFactory<Program>();
        await using WebApplicationFactory<Program> tested = SdkSnippets.OverATestServer(gateway, warehouse.GetTestServer())
            .WithWebHostBuilder(web => web.ConfigureTestServices(services => services.AddLogging(logging => logging.ClearProviders().AddProvider(log))));
        using HttpClient client = tested.CreateClient();

        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await client.PostAsync(new Uri("orders", UriKind.Relative), content: null);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        received.ShouldBe(3, "a POST that was answered 503 is not repeated");
        log.Collector.GetSnapshot().Count(entry => entry.Id.Name == "ForeignPrimaryHandler" && entry.Message.Contains("warehouse", StringComparison.Ordinal)).ShouldBe(1);
    }

    private static async Task<WebApplication> WarehouseAsync(Action<Microsoft.AspNetCore.Http.HttpContext> answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        WebApplication app = builder.Build();
        app.MapPost("/reservations", context =>
        {
            answer(context);
            return Task.CompletedTask;
        });
        await app.StartAsync();
        return app;
    }
}
