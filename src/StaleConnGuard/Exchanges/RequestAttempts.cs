namespace StaleConnGuard.Exchanges;

/// <summary>
/// How often one request has been sent again, by the replays of the guard and the retries above it together. Attached to the
/// message on the first repeat only, so a request that succeeds at once pays nothing. Touched by one attempt at a time.
/// </summary>
internal sealed class RequestAttempts
{
    private static readonly HttpRequestOptionsKey<RequestAttempts> Key = new("StaleConnGuard.Attempts");

    /// <summary>Replays by the guard, all retries' sends together.</summary>
    public int Replays { get; set; }

    /// <summary>The one replay that a request whose delivery is unknown may have has been spent.</summary>
    public bool UnprovenReplaySpent { get; set; }

    /// <summary>Attempts that the guard itself refused before a byte was sent; not in <see cref="Replays"/>.</summary>
    public int Refusals { get; set; }

    /// <summary>Retries by the retry strategy.</summary>
    public int Retries { get; set; }

    /// <summary>
    /// The attempt that failed last had received a byte of a response. Said by the guard, which sees the bytes; the exception does not tell.
    /// </summary>
    public bool ResponseStarted { get; set; }

    /// <summary>Further requests that the runtime made of this one: redirects, answers to challenges. Counted only while somebody watches.</summary>
    public int FurtherRequests { get; set; }

    /// <summary>OpenTelemetry's <c>http.request.resend_count</c>.</summary>
    public int Resends => Replays + Retries + FurtherRequests;

    public void Count(ReplayDecision decision, bool refused)
    {
        if (refused)
        {
            Refusals++;
            return;
        }

        Replays++;
        UnprovenReplaySpent |= decision is ReplayDecision.ReplaySafeToRepeat or ReplayDecision.ReplayOnCallersWord;
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
}
