namespace StaleConnGuard.Pipeline;

/// <summary>
/// What the retries must remember while the first attempt of a request is on its way, whichever way it ends. Rented, because nearly every
/// request succeeds and gives it back; one that does not is left to the garbage collector, so that nobody can hold it twice. Used by one
/// request at a time; renting and returning are thread-safe.
/// </summary>
/// <remarks>
/// Each thread keeps its own: a store that all processors write to would cost more than the allocation it saves, and what a thread has just
/// given back is still in its processor's cache.
/// </remarks>
internal sealed class PendingSend
{
    // A thread that is given more than that back is one that requests end on and do not begin; what is above it is collected.
    private const int MaxKept = 32;

    [ThreadStatic]
    private static Stack<PendingSend>? t_kept;

    private PendingSend()
    {
    }

    public RetryHandler Handler { get; private set; } = null!;

    /// <summary>By the options in force when the request came.</summary>
    public RetryLoop Loop { get; private set; } = null!;

    public RequestSnapshot Original { get; private set; }

    /// <summary>When the first attempt began.</summary>
    public long Begun { get; private set; }

    public CancellationToken Token { get; private set; }

    /// <summary>The guard's part, when the guard is directly below.</summary>
    public Attempt Attempt { get; set; }

    public static PendingSend Rent(RetryHandler handler, RetryLoop loop, in RequestSnapshot original, long begun, CancellationToken token)
    {
        if (t_kept?.TryPop(out PendingSend? pending) is not true)
        {
            pending = new PendingSend();
        }

        pending!.Handler = handler;
        pending.Loop = loop;
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
        Loop = null!;
        Original = default;
        Token = default;
        Attempt = default;
        Stack<PendingSend> kept = t_kept ??= new Stack<PendingSend>();
        if (kept.Count < MaxKept)
        {
            kept.Push(this);
        }
    }
}
