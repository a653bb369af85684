using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Telemetry;

public class FactoryClientTelemetryTests
{
    [Fact]
    public async Task FactoryClient_ServerAdvertises_MeasuresWithTheProvidersMeterAndLogsWhatItLearned()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.AnswerAsync(request, headers: "Keep-Alive: timeout=30\r\n");
            }
        });
        var log = new FakeLoggerProvider();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(log));
        services.AddStaleConnGuard();
        await using ServiceProvider provider = services.BuildServiceProvider();
        Meter meter = provider.GetRequiredService<IMeterFactory>().Create(new MeterOptions(StaleConnGuardDiagnostics.MeterName) { Version = typeof(StaleConnGuardOptions).Assembly.GetName().Version!.ToString(3) });
        using var metrics = new MetricRecorder(meter);

        for (int i = 0; i < 3; i++)
        {
            using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
            using HttpResponseMessage response = await client.GetAsync(server.Uri);
        }

        metrics.Observe();
        metrics.Of(StaleConnGuardDiagnostics.IdleAge, server.Uri.Port).Count.ShouldBe(2);
        metrics.Of(StaleConnGuardDiagnostics.KeepAliveLimit, server.Uri.Port).ShouldHaveSingleItem().Value.ShouldBe(29);
        string learned = log.Collector.GetSnapshot().Where(e => e.Id.Id == 107).ShouldHaveSingleItem().Message;
        learned.ShouldContain($":{server.Uri.Port} closes idle connections after 00:00:30 (Advertised, Learned)");
    }
}
