using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.Cli;

/// <summary>Counts what a proxy does: its requests as they pass, and the guard's races from the guard's own counters. Thread-safe.</summary>
internal sealed class ProxyCounters : IDisposable
{
    private const string Outcome = "staleconnguard.outcome";

    private readonly MeterListener _listener = new();
    private readonly long[] _byClass = new long[6];
    private long _badGateways;
    private long _unanswered;
    private long _races;
    private long _healed;

    /// <param name="meters">The meters' factory in the proxy's container: others in this process are none of its business.</param>
    public ProxyCounters(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == StaleConnGuardDiagnostics.StaleHits && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, count, tags, _) => CountRace(count, tags));
        _listener.Start();
    }

    /// <summary>Requests that were answered.</summary>
    public long Requests => _byClass.Sum() + Unanswered;

    /// <summary>Requests that met a connection that its server was closing.</summary>
    public long Races => Volatile.Read(ref _races);

    /// <summary>Those of them that were sent again at once.</summary>
    public long Healed => Volatile.Read(ref _healed);

    /// <summary>Answers with 502, the upstream's own among them.</summary>
    public long BadGateways => Volatile.Read(ref _badGateways);

    /// <summary>Requests that no upstream answered: those that the proxy itself answers with 502, 503 or 504, and those whose answer broke off.</summary>
    public long Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>Answers of upstreams by class of status: 1 to 5.</summary>
    public long AnswersOf(int statusClass) => Volatile.Read(ref _byClass[statusClass]);

    public string Describe() => string.Create(
        CultureInfo.InvariantCulture, $"{Requests} requests, {Races} races met, {Healed} healed, {BadGateways} answers 502, {Unanswered} without an upstream's answer");

    /// <summary>Counts one request; to stand around everything that forwards.</summary>
    public async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        int status = context.Response.StatusCode;
        if (status == StatusCodes.Status502BadGateway)
        {
            Interlocked.Increment(ref _badGateways);
        }

        if (context.Features.Get<IForwarderErrorFeature>() is { } error && !IsClients(error.Error))
        {
            Interlocked.Increment(ref _unanswered);
            return;
        }

        Interlocked.Increment(ref _byClass[status is >= 100 and < 600 ? status / 100 : 0]);
    }

    public void Dispose() => _listener.Dispose();

    // The client went away, or sent what it should not have: no fault of any upstream.
    private static bool IsClients(ForwarderError error) => error is
        ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.RequestBodyClient or ForwarderError.ResponseBodyCanceled or ForwarderError.ResponseBodyClient
        or ForwarderError.UpgradeRequestCanceled or ForwarderError.UpgradeRequestClient or ForwarderError.UpgradeResponseCanceled or ForwarderError.UpgradeResponseClient or ForwarderError.UpgradeActivityTimeout;

    private void CountRace(long count, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Interlocked.Add(ref _races, count);
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Key == Outcome && tag.Value is "replayed")
            {
                Interlocked.Add(ref _healed, count);
            }
        }
    }
}
