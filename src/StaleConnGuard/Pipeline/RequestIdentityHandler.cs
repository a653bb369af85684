namespace StaleConnGuard.Pipeline;

/// <summary>
/// Outermost, in chains whose handlers may send a request more than once: gives each request that is not idempotent the record that its
/// copies will share. A hedging handler copies the message before the first attempt, so what is attached after a failure comes too late.
/// </summary>
internal sealed class RequestIdentityHandler : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Attach(request);
        return base.SendAsync(request, cancellationToken);
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Attach(request);
        return base.Send(request, cancellationToken);
    }

    private static void Attach(HttpRequestMessage request)
    {
        if (!RepeatSafety.IsIdempotent(request.Method))
        {
            _ = UnansweredSend.GetOrAttach(request);
        }
    }
}
