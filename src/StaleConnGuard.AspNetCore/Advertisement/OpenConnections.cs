using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace StaleConnGuard;

/// <summary>Counts the HTTP/1.1 connections that have carried a request and are still open. Thread-safe; one registration a connection, nothing a request.</summary>
internal sealed class OpenConnections
{
    private static readonly object s_key = new();

    private readonly Lock _lock = new();
    private TaskCompletionSource? _empty;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Counts the connection of this request, once.</summary>
    public void Add(HttpContext context)
    {
        IDictionary<object, object?>? items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is null || items.ContainsKey(s_key) || context.Features.Get<IConnectionLifetimeFeature>() is not { } lifetime)
        {
            return;
        }

        var counted = new Counted(this);
        items[s_key] = counted;
        lock (_lock)
        {
            _count++;
        }

        lifetime.ConnectionClosed.UnsafeRegister(static state => ((Counted)state!).Leave(), counted);
    }

    /// <summary>The connection is no longer HTTP: nobody can be told to close it.</summary>
    public static void Remove(HttpContext context)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(s_key, out object? counted) == true)
        {
            (counted as Counted)?.Leave();
        }
    }

    /// <summary>Completed when no connection is left.</summary>
    public Task WhenEmpty()
    {
        lock (_lock)
        {
            if (_count == 0)
            {
                return Task.CompletedTask;
            }

            if (_empty is null || _empty.Task.IsCompleted)
            {
                _empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return _empty.Task;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_count == 0)
            {
                _empty?.TrySetResult();
            }
        }
    }

    private sealed class Counted(OpenConnections all)
    {
        private int _left;

        public void Leave()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                all.Leave();
            }
        }
    }
}
