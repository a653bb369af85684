using System.Globalization;

namespace StaleConnGuard;

/// <summary>
/// A request met a pooled connection that the server was closing, and was not replayed: <see cref="Decision"/> says why not. A layer above the guard may send it
/// again all the same, unless that could execute it twice (<see cref="ReplayDecision.SurfaceRepeatFromAbove"/>). The message says in one sentence what happened and what would have made a replay possible.
/// </summary>
public sealed class StaleConnectionException : HttpRequestException
{
    private const string RepeatFromAbove =
        "A layer above sent this request again, and the guard did not: it is not safe to repeat, and the server may have executed the earlier send, which got no answer of its own. "
        + "If executing it twice does no harm, call MarkSafeToRepeat() on the request, give it an Idempotency-Key header, or set Replay.RepeatsFromAbove to Allow.";

    internal StaleConnectionException(in EndedExchange ended, Exception inner)
        : base(HttpRequestError.ResponseEnded, Describe(ended), inner)
    {
        Origin = ended.Origin;
        Delivery = ended.Evidence.Delivery;
        Decision = ended.Decision;
        IdleAge = ended.IdleAge;
        ConnectionAge = ended.ConnectionAge;
        RequestsOnConnection = ended.Exchange.RequestsBefore;
        Limit = ended.Limit.MaxIdle;
        LimitSource = ended.Limit.Source;
        Replays = ended.Replays;
        UnacknowledgedFor = ended.Exchange.SilentFor;
    }

    /// <summary>A layer above wanted to send the request again.</summary>
    /// <param name="origin">Where it goes.</param>
    /// <param name="earlier">How its earlier send ended; null when it was answered, or is still under way.</param>
    internal StaleConnectionException(string origin, Exception? earlier)
        : base(HttpRequestError.ResponseEnded, RepeatFromAbove, earlier)
    {
        Origin = origin;
        Delivery = Delivery.Unknown;
        Decision = ReplayDecision.SurfaceRepeatFromAbove;
        if (earlier is StaleConnectionException stale)
        {
            Delivery = stale.Delivery;
            IdleAge = stale.IdleAge;
            ConnectionAge = stale.ConnectionAge;
            RequestsOnConnection = stale.RequestsOnConnection;
            Limit = stale.Limit;
            LimitSource = stale.LimitSource;
            Replays = stale.Replays;
            UnacknowledgedFor = stale.UnacknowledgedFor;
        }
    }

    /// <summary>Gets where the connection led: scheme, host and port, and the proxy if it led through one, as in the log. Nothing else of the address.</summary>
    public string Origin { get; }

    /// <summary>Gets what is known of the request's bytes.</summary>
    public Delivery Delivery { get; }

    /// <summary>Gets why the request was not replayed.</summary>
    public ReplayDecision Decision { get; }

    /// <summary>Gets how long the connection had been idle when the request was written.</summary>
    public TimeSpan IdleAge { get; }

    /// <summary>Gets how long ago the connection had been made.</summary>
    public TimeSpan ConnectionAge { get; }

    /// <summary>Gets how many requests the connection had carried before this one.</summary>
    public int RequestsOnConnection { get; }

    /// <summary>
    /// Gets the highest idle age at which this request was allowed to take a connection, as it was known before this hit, or
    /// <see langword="null"/> for no limit.
    /// </summary>
    public TimeSpan? Limit { get; }

    /// <summary>Gets where <see cref="Limit"/> came from.</summary>
    public KeepAliveLimitSource LimitSource { get; }

    /// <summary>Gets how often the request had been replayed before it was given up.</summary>
    public int Replays { get; }

    /// <summary>
    /// Gets for how long the server's side had acknowledged nothing of the request when the connection was given up, or <see langword="null"/>
    /// when the connection ended otherwise.
    /// </summary>
    public TimeSpan? UnacknowledgedFor { get; }

    // One sentence for people, then the fields.
    private static string Describe(in EndedExchange ended)
    {
        Exchange exchange = ended.Exchange;
        string how = ended.Evidence.End switch
        {
            ConnectionEnd.Reset => "was reset",
            ConnectionEnd.Silence when exchange.SilentFor is TimeSpan silence => $"died without a word (nothing was acknowledged for {Seconds(silence)})",
            ConnectionEnd.Silence => "died without a word",
            ConnectionEnd.EndOfStream => "was closed by the server",
            _ => "had been closed by the server",
        };

        string why = ended.Decision switch
        {
            ReplayDecision.SurfaceResponseStarted => "an earlier answer to this send (a redirect, a challenge) had been received, so the request as a whole is not repeated",
            ReplayDecision.SurfaceBodyConsumed => "its body has been read and cannot be read again; content that can be sent again (bytes, a seekable stream) would have made a replay possible",
            ReplayDecision.SurfaceReplaysExhausted => string.Create(CultureInfo.InvariantCulture, $"it had been replayed {ended.Replays} times; Replay.MaxReplays sets that limit"),
            ReplayDecision.SurfaceProofNotTrusted => "Replay.NonIdempotentReplay is Never, although the kernel proves that the server did not receive it",
            ReplayDecision.SurfaceUnprovenReplayExhausted => "it had been repeated once without proof already, which is the limit",
            _ => "the server may have executed it; MarkSafeToRepeat(), an Idempotency-Key header or a server timeout set in KeepAlive.ServerTimeout would have helped",
        };

        string limit = ended.Limit.MaxIdle is TimeSpan known ? Seconds(known) : "none";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"The pooled connection to {ended.Origin}, idle for {Seconds(ended.IdleAge)}, {how} before any byte of a response, and the request was not replayed because {why}. [Delivery: {ended.Evidence.Delivery}, decision: {ended.Decision}, idle age: {Seconds(ended.IdleAge)}, connection age: {Seconds(ended.ConnectionAge)}, requests on the connection before: {exchange.RequestsBefore}, keep-alive limit: {limit} ({ended.Limit.Source}), replays: {ended.Replays}]");
    }

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.000} s");
}
