using System.Collections.Concurrent;
using System.Diagnostics;

namespace StaleConnGuard.Testing;

/// <summary>Listens to the runtime's HTTP client spans, and keeps those that end.</summary>
public sealed class SpanRecorder : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    public SpanRecorder()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == StaleConnGuardDiagnostics.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>The spans of requests to the server on this port, in the order in which they ended.</summary>
    public IReadOnlyList<Activity> To(int port) => [.. _ended.Where(span => Equals(span.GetTagItem("server.port"), port))];

    public void Dispose() => _listener.Dispose();
}
