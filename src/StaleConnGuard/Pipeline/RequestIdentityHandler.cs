namespace StaleConnGuard.Pipeline;

/// <summary>
/// Outermost, in chains whose handlers may send a request more than once: gives each request that is not safe to repeat the record that its
/// copies will share. A hedging handler copies the message before the first attempt, so what is attached after a failure comes too late; and a
/// layer that copies by hand takes nothing along, so the record is found by <see cref="OutermostRequest"/> as well.
/// </summary>
/// <param name="chain">What the guard at the lower end of the same chain knows it by.</param>
internal sealed class RequestIdentityHandler(object chain) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        RepeatSafety.IsSafeToRepeat(request) ? base.SendAsync(request, cancellationToken) : SendNotedAsync(request, cancellationToken);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (RepeatSafety.IsSafeToRepeat(request))
        {
            return base.Send(request, cancellationToken);
        }

        OutermostRequest noted = OutermostRequest.Begin(chain, request, out OutermostRequest? before);
        try
        {
            return base.Send(request, cancellationToken);
        }
        finally
        {
            noted.End(before);
        }
    }

    private async Task<HttpResponseMessage> SendNotedAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        OutermostRequest noted = OutermostRequest.Begin(chain, request, out OutermostRequest? before);
        try
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            noted.End(before);
        }
    }
}
