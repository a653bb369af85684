namespace StaleConnGuard.Exchanges;

/// <summary>
/// The one send that a request which is not safe to repeat may have out without an answer. Attached to the message's options, by reference:
/// a layer that copies a message copies its options, so all copies share it. Thread-safe, because hedging sends copies side by side.
/// </summary>
/// <remarks>
/// An answer, or proof that nothing arrived, ends the send, and the next one may go. A send that ended otherwise stays out for ever: the
/// server may have executed the request.
/// </remarks>
internal sealed class UnansweredSend
{
    // The state is one of these, or the ticket of the copy that is under way.
    private const int None = 0;
    private const int Lost = -1;

    private static readonly HttpRequestOptionsKey<UnansweredSend> s_key = new("StaleConnGuard.UnansweredSend");

    // As long as nobody in the process has attached one, the requests' options are not looked into: merely asking for them makes them.
    private static volatile bool s_everAttached;

    private int _state;
    private int _tickets;
    private int _answers;
    private int _told;
    private TaskCompletionSource? _ended;
    private volatile bool _endedUnsent;
    private volatile Exception? _failure;

    /// <summary>How the send that stays out ended.</summary>
    public Exception? Failure => _failure;

    /// <summary>A send has ended, and the server may have executed it.</summary>
    public bool MayHaveArrived => Volatile.Read(ref _state) == Lost;

    /// <summary>The guard saw the last send, and nothing of it can have arrived. Not merely the absence of a word: nobody may have watched.</summary>
    public bool HasEndedUnsent => _endedUnsent && Volatile.Read(ref _state) == None;

    /// <summary>How many sends have been answered.</summary>
    public int Answers => Volatile.Read(ref _answers);

    public static UnansweredSend? Find(HttpRequestMessage request) =>
        s_everAttached && request.Options.TryGetValue(s_key, out UnansweredSend? send) ? send : null;

    public static UnansweredSend GetOrAttach(HttpRequestMessage request)
    {
        if (Find(request) is UnansweredSend attached)
        {
            return attached;
        }

        var send = new UnansweredSend();
        send.AttachTo(request);
        return send;
    }

    public void AttachTo(HttpRequestMessage request)
    {
        s_everAttached = true;
        request.Options.Set(s_key, this);
    }

    /// <summary>Takes the one send. False while another is under way, and after one whose fate is not known.</summary>
    /// <param name="ticket">To be given back by <see cref="End"/>.</param>
    public bool TryBegin(out int ticket)
    {
        ticket = Interlocked.Increment(ref _tickets);
        if (Interlocked.CompareExchange(ref _state, ticket, None) != None)
        {
            return false;
        }

        _endedUnsent = false;
        return true;
    }

    /// <summary>Ends the send that was begun with this ticket, unless it was lost: then it stays out.</summary>
    public void End(int ticket, bool answered)
    {
        if (answered)
        {
            Interlocked.Increment(ref _answers);
        }

        // Before the state: whoever sees that it has ended sees how.
        _endedUnsent = !answered;
        if (Interlocked.CompareExchange(ref _state, None, ticket) == ticket)
        {
            Wake();
        }
    }

    /// <summary>A send, begun here or not, has ended, and the server may have executed it. Final.</summary>
    public void EndLost(Exception failure)
    {
        _failure = failure;
        Interlocked.Exchange(ref _state, Lost);
        Wake();
    }

    /// <summary>The request is sent without the guard, so that nothing will be known of it.</summary>
    public void Unwatch() => _endedUnsent = false;

    /// <summary>Completed when the send that is under way has ended.</summary>
    public Task WhenEndedAsync(CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource ended = Interlocked.CompareExchange(ref _ended, mine, null) ?? mine;

        // Whoever ends it writes the state first and then looks for who waits.
        return Volatile.Read(ref _state) > None ? ended.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
    }

    /// <summary>True once: a request is warned of once, however often the layer above tries.</summary>
    public bool ShouldTell() => Interlocked.Exchange(ref _told, 1) == 0;

    private void Wake() => Interlocked.Exchange(ref _ended, null)?.TrySetResult();
}
