using System.Net;

namespace StaleConnGuard.WireTests.Common;

/// <summary>A client with retries over the guard, as the whole library is put together, with budgets of its own and short waits.</summary>
internal static class RetryClient
{
    public static HttpClient Create(Action<RetryOptions>? configure = null, Action<ReplayOptions>? replay = null, SocketsHttpHandler? handler = null)
    {
        var options = new StaleConnGuardOptions { Retry = { Enabled = false } };
        replay?.Invoke(options.Replay);
        var retry = new RetryOptions { BaseDelay = TimeSpan.FromMilliseconds(10), MaxDelay = TimeSpan.FromMilliseconds(50) };
        configure?.Invoke(retry);
        var services = new RetryServices { Budgets = new RetryBudgetRegistry(TimeProvider.System) };
        return new HttpClient(new RetryHandler(retry, options.Replay, services) { InnerHandler = StaleConnGuardHandler.Create(options, handler) });
    }

    public static async Task<HttpResponseMessage> SendAsync(this HttpClient client, HttpRequestMessage request, bool sync) =>
        sync ? await Task.Run(() => client.Send(request)) : await client.SendAsync(request);
}
