namespace StaleConnGuard.Exchanges;

/// <summary>
/// How often one request has been sent again, by the replays of the guard and the retries above it together. Attached to the
/// message on the first failure only, so a request that succeeds at once pays nothing. Touched by one attempt at a time.
/// </summary>
/// <remarks>
/// A message may be sent again by its owner when it has been answered (<see cref="HttpMessageInvoker"/> does not mind): that is another request, and
/// begins to count anew. What tells is the outcome that the last request ended with.
/// </remarks>
internal sealed class RequestAttempts
{
    private static readonly HttpRequestOptionsKey<RequestAttempts> Key = new("StaleConnGuard.Attempts");

    // A connection that is too old cannot come back, so refusing these goes on until the pool is empty of them, however many they are. A
    // connection that is merely not fresh may have been returned this moment by a request that was content with it: so many of these in one
    // request mean that the pool is refilled as fast as it is refused.
    private const int MaxRefusals = 1024;
    private const int MaxRefusalsOfReturned = 64;

    private object? _outcome;

    /// <summary>Replays by the guard, all retries' sends together.</summary>
    public int Replays { get; set; }

    /// <summary>The one replay that a request whose delivery is unknown may have has been spent.</summary>
    public bool UnprovenReplaySpent { get; set; }

    /// <summary>When the connection of the last attempt that was no refusal was found to have ended, a timestamp of the guard's clock; null before the first replay.</summary>
    public long? EndFoundAt { get; private set; }

    /// <summary>Attempts that the guard itself refused before a byte was sent; not in <see cref="Replays"/>.</summary>
    public int Refusals { get; set; }

    /// <summary>Retries by the retry strategy.</summary>
    public int Retries { get; set; }

    /// <summary>A retry layer of this library is sending the message again; layers below it go on counting where it is.</summary>
    public bool IsRetried { get; set; }

    /// <summary>
    /// What the guard knows of the attempt that failed last; null when nothing of it is known to have left, or there is no guard. The exception alone does not
    /// tell: content of the application may bring along one that is about a request of its own.
    /// </summary>
    public Delivery? Delivery { get; set; }

    /// <summary>
    /// The attempt that failed last had been redirected. Said by the guard, which knows where the message was going when it came to it; null without a guard. The
    /// application's own handlers, above the guard, may send a message where they like.
    /// </summary>
    public bool? WasRedirected { get; set; }

    /// <summary>Further requests that the runtime made of this one: redirects, answers to challenges. Counted only while somebody watches.</summary>
    public int FurtherRequests { get; set; }

    /// <summary>OpenTelemetry's <c>http.request.resend_count</c>.</summary>
    public int Resends => Replays + Retries + FurtherRequests;

    /// <summary>Whether the guard may refuse this request one more connection.</summary>
    /// <param name="freshOnly">It refuses every reused connection.</param>
    public bool MayBeRefusedAgain(bool freshOnly) => Refusals < (freshOnly ? MaxRefusalsOfReturned : MaxRefusals);

    /// <param name="decision">To send it again.</param>
    /// <param name="refused">It was the guard that ended the attempt.</param>
    /// <param name="now">A timestamp of the guard's clock.</param>
    public void Count(ReplayDecision decision, bool refused, long now)
    {
        if (refused)
        {
            Refusals++;
            return;
        }

        Replays++;
        EndFoundAt = now;
        UnprovenReplaySpent |= decision is ReplayDecision.ReplaySafeToRepeat or ReplayDecision.ReplayOnCallersWord;
    }

    /// <summary>A retry layer sends the message again.</summary>
    public void BeginRetry()
    {
        Retries++;
        IsRetried = true;
        Delivery = null;
        WasRedirected = null;
        _outcome = null;
    }

    /// <summary>The request has ended with this response or exception, as far as the guard or a retry layer is concerned; one above may yet repeat it.</summary>
    public void Settle(object outcome) => _outcome = outcome;

    /// <summary>Whether what was counted belongs to the request that ended with this response or exception.</summary>
    public bool EndedWith(HttpResponseMessage? response, Exception? exception)
    {
        if (response is not null)
        {
            return ReferenceEquals(_outcome, response);
        }

        // Handlers of the application wrap exceptions.
        for (Exception? inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (ReferenceEquals(_outcome, inner))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The counts of a request whose first attempt has just failed below a retry layer, if there is one; those of an earlier request are forgotten.</summary>
    public static RequestAttempts OfFailed(HttpRequestMessage request)
    {
        RequestAttempts attempts = GetOrAttach(request);
        if (!attempts.IsRetried)
        {
            attempts.Forget();
        }

        return attempts;
    }

    public static RequestAttempts GetOrAttach(HttpRequestMessage request)
    {
        if (!request.Options.TryGetValue(Key, out RequestAttempts? attempts))
        {
            attempts = new RequestAttempts();
            request.Options.Set(Key, attempts);
        }

        return attempts;
    }

    public static RequestAttempts? Find(HttpRequestMessage request) =>
        request.Options.TryGetValue(Key, out RequestAttempts? attempts) ? attempts : null;

    /// <summary>The first exchange of an attempt begins, and somebody watches it. Unless it is a repeat, what was counted was another request's.</summary>
    public void BeginWatched()
    {
        if (!IsRetried && (_outcome is not null || Replays + Retries + Refusals == 0))
        {
            Forget();
            FurtherRequests = 0;
        }
    }

    /// <summary>Another request with the same message.</summary>
    public void Forget()
    {
        Replays = 0;
        EndFoundAt = null;
        UnprovenReplaySpent = false;
        Refusals = 0;
        Retries = 0;
        Delivery = null;
        WasRedirected = null;
        _outcome = null;
    }
}
