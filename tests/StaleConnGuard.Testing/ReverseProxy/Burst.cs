using System.Diagnostics;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>What a client got for one request of a burst.</summary>
/// <param name="RequestId">What it carried in <c>X-Request-Id</c>.</param>
/// <param name="Status">The answer's status; 0 when there was none.</param>
/// <param name="Failure">The exception, when there was no answer.</param>
public sealed record BurstOutcome(string RequestId, int Status, Exception? Failure);

/// <summary>
/// Two bursts of requests with a pause between them. Where many clients share a pool, somewhere behind what they talk to, the first burst leaves as many
/// connections in it as there are clients, all of about the same age, and the second takes them at the idle ages that are aimed at.
/// </summary>
internal static class Burst
{
    private const int WarmUpAttempts = 5;

    /// <summary>Sends both; the outcomes are those of the second.</summary>
    /// <param name="clients">Each sends one request in each burst.</param>
    /// <param name="target">Where to.</param>
    /// <param name="kind">What the second burst sends; the first sends GET.</param>
    /// <param name="aim">How long after its answer in the first burst a client sends its request of the second.</param>
    /// <param name="random">Draws from the window.</param>
    public static async Task<BurstOutcome[]> RunAsync(IReadOnlyList<HttpClient> clients, Uri target, RequestKind kind, AimWindow aim, Random random)
    {
        long[] answered = await Task.WhenAll(clients.Select(client => WarmUpAsync(client, target)));

        long[] due = [.. answered.Select(timestamp => AlarmClock.After(timestamp, aim.Draw(random)))];
        return await Task.WhenAll(clients.Select((client, i) => SendAimedAsync(client, target, kind, due[i])));
    }

    private static async Task<long> WarmUpAsync(HttpClient client, Uri target)
    {
        for (int attempt = 1; ; attempt++)
        {
            BurstOutcome outcome = await SendAsync(client, target, RequestKind.Get);
            if (outcome.Status == 200)
            {
                return Stopwatch.GetTimestamp();
            }

            if (attempt == WarmUpAttempts)
            {
                throw new InvalidOperationException($"{target} answers {outcome.Status} outside the race as well.", outcome.Failure);
            }
        }
    }

    private static async Task<BurstOutcome> SendAimedAsync(HttpClient client, Uri target, RequestKind kind, long at)
    {
        await AlarmClock.Shared.WaitUntilAsync(at);
        return await SendAsync(client, target, kind);
    }

    private static async Task<BurstOutcome> SendAsync(HttpClient client, Uri target, RequestKind kind)
    {
        string id = Guid.NewGuid().ToString("N");
        using HttpRequestMessage request = kind.Make(target, id);
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            return new BurstOutcome(id, (int)response.StatusCode, Failure: null);
        }
        catch (HttpRequestException e)
        {
            return new BurstOutcome(id, Status: 0, e);
        }
    }
}
