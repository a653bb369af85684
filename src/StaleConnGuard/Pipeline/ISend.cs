namespace StaleConnGuard.Pipeline;

/// <summary>
/// What comes after the guard's part of a request, run by the guard's own state machine: one object lives while a request is on its way, not one for each layer.
/// </summary>
internal interface ISend
{
    /// <summary>The attempt under way, set by the guard. Kept here, because here may be an object that there is anyway.</summary>
    Attempt Attempt { get; set; }

    /// <summary>The caller's token.</summary>
    CancellationToken Token { get; }

    /// <summary>The response goes to the caller as it is. Nothing of this value is used after that.</summary>
    bool IsFinal(HttpResponseMessage response);

    /// <summary>Called otherwise, with the response or the failure that stands after the guard's replays.</summary>
    Task<HttpResponseMessage> ContinueAsync(Task<HttpResponseMessage> first);
}

/// <summary>Nothing comes after the guard.</summary>
internal struct PlainSend(CancellationToken token) : ISend
{
    public Attempt Attempt { get; set; }

    public readonly CancellationToken Token => token;

    public readonly bool IsFinal(HttpResponseMessage response) => true;

    public readonly Task<HttpResponseMessage> ContinueAsync(Task<HttpResponseMessage> first) => first;
}
