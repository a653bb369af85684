using System.Diagnostics.Metrics;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Telemetry;

/// <summary>What a request on a pooled connection pays for telemetry that nobody listens to. Bytes are exact; the benchmark has the times.</summary>
[Collection(nameof(AloneOnTheHeap))]
public class TelemetryCostTests(ITestOutputHelper output)
{
    private const int Rounds = 5_000;

    [Fact]
    public async Task Send_NobodyListens_AllocatesNothingForTelemetry()
    {
        double without = await MeasureAsync("no telemetry", GuardEvents.None);
        double with = await MeasureAsync("nobody listens", GuardMetrics.Shared);
        (with - without).ShouldBeInRange(-8, 8);
    }

    [Fact]
    public async Task Send_MetricsListenedTo_AllocatesNothingEither()
    {
        double without = await MeasureAsync("no telemetry", GuardEvents.None);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == StaleConnGuardDiagnostics.MeterName)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        long measured = 0;
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => measured++);
        listener.Start();
        double with = await MeasureAsync("metrics", GuardMetrics.Shared);

        measured.ShouldBeGreaterThanOrEqualTo(Rounds);
        (with - without).ShouldBeInRange(-8, 8);
    }

    private async Task<double> MeasureAsync(string name, IGuardEvents observer)
    {
        using var invoker = new HttpMessageInvoker(StaleConnGuardHandler.Create(
            new StaleConnGuardOptions { Retry = { Enabled = false } }, InMemoryConnectionStream.MakeHandler(), new KeepAliveLedger(), observer));
        await RunAsync(invoker);
        double best = double.MaxValue;
        for (int run = 0; run < 3; run++)
        {
            // The least of three: what happens by the way (a tier-up, a timer) only ever adds.
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await RunAsync(invoker);
            best = Math.Min(best, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Rounds);
        }

        output.WriteLine($"{name}: {best:0.0} B");
        return best;
    }

    private static async Task RunAsync(HttpMessageInvoker invoker)
    {
        for (int i = 0; i < Rounds; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "http://orders.test/items");
            using HttpResponseMessage response = await invoker.SendAsync(request, default);
        }
    }
}
