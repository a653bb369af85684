using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>The exporter of docs/sdks.md: it takes its client from the factory, sends synchronously, and tells nobody of a failure.</summary>
public class OpenTelemetryTests
{
    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public async Task Export_ConnectionClosedUnderIt_IsLostPlainAndDeliveredGuarded(bool guarded, int delivered)
    {
        using var source = new ActivitySource($"Test.{Guid.NewGuid():N}");
        await using var race = new SdkRace(guarded, new SdkAnswer(string.Empty, 200, "Content-Type: application/x-protobuf\r\n"));
        SdkSnippets.OpenTelemetry(race.Services, race.Uri);
        race.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddSource(source.Name));
        await using ServiceProvider provider = race.Services.BuildServiceProvider();
        var tracing = provider.GetRequiredService<TracerProvider>();

        (Exception? failure, int executed) = await race.RunAsync(() => Task.Run(() =>
        {
            source.StartActivity("order")!.Stop();
            tracing.ForceFlush();
        }));

        failure.ShouldBeNull();
        executed.ShouldBe(delivered);
    }
}
