using System.Collections.Concurrent;

namespace StaleConnGuard;

/// <summary>
/// What the retries must remember while the first attempt of a request is on its way, whichever way it ends. Rented, because nearly every
/// request succeeds and gives it back; one that does not is left to the garbage collector, so that nobody can hold it twice. Used by one
/// request at a time; renting and returning are thread-safe.
/// </summary>
internal sealed class PendingSend
{
    // More than are on their way at once in most services; what is above it is collected.
    private const int MaxKept = 256;

    private static readonly ConcurrentQueue<PendingSend> s_kept = new();
    private static PendingSend? s_next;
    private static int s_count;

    private PendingSend()
    {
    }

    public RetryHandler Handler { get; private set; } = null!;

    public RequestSnapshot Original { get; private set; }

    /// <summary>When the first attempt began.</summary>
    public long Begun { get; private set; }

    public CancellationToken Token { get; private set; }

    public static PendingSend Rent(RetryHandler handler, in RequestSnapshot original, long begun, CancellationToken token)
    {
        PendingSend pending = Take() ?? new PendingSend();
        pending.Handler = handler;
        pending.Original = original;
        pending.Begun = begun;
        pending.Token = token;
        return pending;
    }

    /// <summary>To be called once, by who rented it, when nothing of it is needed any more.</summary>
    public void Return()
    {
        // Neither message nor handler must be kept alive by it.
        Handler = null!;
        Original = default;
        Token = default;
        if (s_next is null && Interlocked.CompareExchange(ref s_next, this, null) is null)
        {
            return;
        }

        if (Interlocked.Increment(ref s_count) <= MaxKept)
        {
            s_kept.Enqueue(this);
            return;
        }

        Interlocked.Decrement(ref s_count);
    }

    private static PendingSend? Take()
    {
        PendingSend? next = s_next;
        if (next is not null && Interlocked.CompareExchange(ref s_next, null, next) == next)
        {
            return next;
        }

        if (!s_kept.TryDequeue(out next))
        {
            return null;
        }

        Interlocked.Decrement(ref s_count);
        return next;
    }
}
