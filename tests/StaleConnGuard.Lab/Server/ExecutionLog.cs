using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Lab;

/// <summary>
/// Which request was executed how often, and on which connections. Requests are told apart by their <c>X-Request-Id</c> header; those
/// without one are counted, but not told apart. Every member may be called from any thread.
/// </summary>
public sealed class ExecutionLog
{
    private readonly ConcurrentDictionary<string, Execution[]> _byRequestId = new(StringComparer.Ordinal);
    private int _total;

    /// <summary>Gets how many requests were executed, repeats included.</summary>
    public int Total => Volatile.Read(ref _total);

    /// <summary>Gets the requests that were executed more than once.</summary>
    public IEnumerable<string> ExecutedTwice => _byRequestId.Where(pair => pair.Value.Length > 1).Select(pair => pair.Key);

    /// <summary>How often a request was executed.</summary>
    public int CountOf(string requestId) => Of(requestId).Count;

    /// <summary>The executions of a request, in order.</summary>
    public IReadOnlyList<Execution> Of(string requestId) => _byRequestId.TryGetValue(requestId, out Execution[]? executions) ? executions : [];

    /// <summary>How many of these requests were executed more than once.</summary>
    public int CountExecutedTwice(IEnumerable<string> requestIds) => requestIds.Count(id => CountOf(id) > 1);

    /// <summary>Counts an execution; how often the request was executed now, 1 when it has no id.</summary>
    internal int Add(string? requestId, Execution execution)
    {
        _ = Interlocked.Increment(ref _total);
        return requestId is null
            ? 1
            : _byRequestId.AddOrUpdate(requestId, static (_, added) => [added], static (_, before, added) => [.. before, added], execution).Length;
    }
}

/// <summary>One execution of a request.</summary>
/// <param name="Connection">The number of the connection, counted from 1 as they were accepted.</param>
/// <param name="RequestOnConnection">The place of the request on its connection, counted from 1.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Execution(int Connection, int RequestOnConnection);
