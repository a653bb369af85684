using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

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
        IMeterFactory meters = provider.GetRequiredService<IMeterFactory>();
        using var idleAges = new MetricCollector<double>(meters, StaleConnGuardDiagnostics.MeterName, StaleConnGuardDiagnostics.IdleAge);
        using var limits = new MetricCollector<double>(meters, StaleConnGuardDiagnostics.MeterName, StaleConnGuardDiagnostics.KeepAliveLimit);

        for (int i = 0; i < 3; i++)
        {
            using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
            using HttpResponseMessage response = await client.GetAsync(server.Uri);
        }

        limits.RecordObservableInstruments();
        idleAges.Of(server.Uri.Port).Count.ShouldBe(2);
        limits.Of(server.Uri.Port).ShouldHaveSingleItem().Value.ShouldBe(29);
        string learned = log.Collector.GetSnapshot().Where(e => e.Id.Id == 107).ShouldHaveSingleItem().Message;
        learned.ShouldContain($":{server.Uri.Port} closes idle connections after 00:00:30 (Advertised, Learned)");
    }
}
