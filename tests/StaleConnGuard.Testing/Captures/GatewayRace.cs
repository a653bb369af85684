using System.Diagnostics;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>Requests through a gateway, which takes a connection to its server from its pool at the idle age that is aimed at. The gateway's 502 are the truth.</summary>
internal static class GatewayRace
{
    private const int MostTimes = 4;

    /// <summary>Runs it; at least so many rounds, and some more when nothing was lost and something should be.</summary>
    /// <param name="gateway">The gateway.</param>
    /// <param name="window">How long after its last answer each client sends.</param>
    /// <param name="clients">How many send at once. Each third sends a GET, the others a POST.</param>
    /// <param name="rounds">How often.</param>
    /// <param name="isLossExpected">Whether a run without a loss shows nothing.</param>
    public static async Task<IReadOnlyList<BurstOutcome>> RunAsync(Uri gateway, AimWindow window, int clients, int rounds, bool isLossExpected = true)
    {
        HttpClient[] all = [.. Enumerable.Range(0, clients).Select(_ => new HttpClient(new PathOfIdHandler(new SocketsHttpHandler())))];
        List<BurstOutcome> outcomes = [];

        // A machine that stalls misses the window: then once more.
        for (int round = 0; round < rounds || (isLossExpected && outcomes.TrueForAll(outcome => outcome.Status != 502) && round < rounds * MostTimes); round++)
        {
            // All at once, so that the gateway opens a connection for each.
            _ = await Task.WhenAll(all.Select((client, i) => SendAsync(client, gateway, HttpMethod.Get, $"gateway-{round}-{i}-warm-up")));
            long warm = Stopwatch.GetTimestamp();
            outcomes.AddRange(await Task.WhenAll(all.Select(async (client, i) =>
            {
                await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(warm, window.From + ((window.To - window.From) * i / clients)));
                return await SendAsync(client, gateway, i % 3 == 2 ? HttpMethod.Get : HttpMethod.Post, $"gateway-{round}-{i}");
            })));
        }

        foreach (HttpClient client in all)
        {
            client.Dispose();
        }

        return outcomes;
    }

    private static async Task<BurstOutcome> SendAsync(HttpClient client, Uri target, HttpMethod method, string id)
    {
        using var request = new HttpRequestMessage(method, target);
        request.Headers.Add("X-Request-Id", id);
        request.Content = method == HttpMethod.Post ? new StringContent("{}") : null;
        using HttpResponseMessage response = await client.SendAsync(request);
        return new BurstOutcome(id, (int)response.StatusCode, Failure: null);
    }
}
