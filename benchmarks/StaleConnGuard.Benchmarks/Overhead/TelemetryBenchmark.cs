using System.Diagnostics;
using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>What telemetry adds to a request that succeeds on a pooled connection, over a connection that answers from memory.</summary>
[MemoryDiagnoser]
public class TelemetryBenchmark
{
    private readonly List<IDisposable> _listeners = [];
    private HttpMessageInvoker _invoker = null!;
    private double _sum;

    /// <summary>Who listens.</summary>
    public enum Listening
    {
        /// <summary>Nothing to listen to: a guard without telemetry, the baseline.</summary>
        NoTelemetry,

        /// <summary>The guard as it is, and nobody listens.</summary>
        Nobody,

        /// <summary>A listener to every instrument.</summary>
        Metrics,

        /// <summary>A listener that records the runtime's spans; most of it is the runtime's own work.</summary>
        Spans,

        /// <summary>Both, and each request asks for its exchange.</summary>
        Everything,
    }

    [ParamsAllValues]
    public Listening Who { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        IGuardEvents? observer = Who is Listening.NoTelemetry ? GuardEvents.None : GuardMetrics.Shared;
        _invoker = new HttpMessageInvoker(StaleConnGuardHandler.Create(
            new StaleConnGuardOptions { Retry = { Enabled = false } }, InMemoryConnectionStream.MakeHandler(), new KeepAliveLedger(), observer));
        if (Who is Listening.Metrics or Listening.Everything)
        {
            var meters = new MeterListener { InstrumentPublished = (i, l) => { if (i.Meter.Name == StaleConnGuardDiagnostics.MeterName) { l.EnableMeasurementEvents(i); } } };
            meters.SetMeasurementEventCallback<double>((_, value, _, _) => _sum += value);
            meters.Start();
            _listeners.Add(meters);
        }

        if (Who is Listening.Spans or Listening.Everything)
        {
            var spans = new ActivityListener
            {
                ShouldListenTo = source => source.Name == StaleConnGuardDiagnostics.ActivitySourceName,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            };
            ActivitySource.AddActivityListener(spans);
            _listeners.Add(spans);
        }
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _listeners.ForEach(listener => listener.Dispose());
        _invoker.Dispose();
    }

    [Benchmark]
    public async Task<double> Send()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://localhost/");
        if (Who is Listening.Everything)
        {
            request.CaptureExchangeInfo();
        }

        using HttpResponseMessage response = await _invoker.SendAsync(request, CancellationToken.None);
        return _sum;
    }
}
