using System.Diagnostics;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>What a client got for one request of a burst.</summary>
/// <param name="RequestId">What it carried in <c>X-Request-Id</c>.</param>
/// <param name="Status">The answer's status; 0 when there was none.</param>
/// <param name="Failure">The exception, when there was no answer.</param>
public sealed record BurstOutcome(string RequestId, int Status, Exception? Failure);

/// <summary>Who takes part in a burst.</summary>
/// <param name="Client">Its own.</param>
/// <param name="Kind">What it sends.</param>
internal sealed record BurstSender(HttpClient Client, RequestKind Kind);

/// <summary>
/// Two bursts of requests with a pause between them. Where many clients share a pool, somewhere behind what they talk to, the first burst leaves as many
/// connections in it as there are clients, all of about the same age, and the second takes them at the idle ages that are aimed at.
/// </summary>
internal static class Burst
{
    private const int WarmUpAttempts = 5;

    /// <summary>Sends both; the outcomes are those of the second.</summary>
    /// <param name="senders">Each sends one request in each burst: a GET in the first, a request of its kind in the second.</param>
    /// <param name="target">Where to.</param>
    /// <param name="aim">How long after its answer in the first burst a client sends its request of the second.</param>
    /// <param name="random">Draws from the window.</param>
    public static async Task<BurstOutcome[]> RunAsync(IReadOnlyList<BurstSender> senders, Uri target, AimWindow aim, Random random)
    {
        long[] answered = await Task.WhenAll(senders.Select(sender => WarmUpAsync(sender.Client, target)));

        long[] due = [.. answered.Select(timestamp => AlarmClock.After(timestamp, aim.Draw(random)))];
        return await Task.WhenAll(senders.Select((sender, i) => SendAimedAsync(sender, target, due[i])));
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

    private static async Task<BurstOutcome> SendAimedAsync(BurstSender sender, Uri target, long at)
    {
        await AlarmClock.Shared.WaitUntilAsync(at);
        return await SendAsync(sender.Client, target, sender.Kind);
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
