using System.Diagnostics;

namespace StaleConnGuard.Racing;

/// <summary>
/// Requests through a proxy, aimed at the instant at which the proxy's upstream closes idle connections. The proxy's pool is behind a wall: so clients send together, which leaves as many
/// connections of one age in it as there are clients, and send together again at the ages that are aimed at.
/// </summary>
public static class ProxyRace
{
    private const int WarmUpAttempts = 20;

    private static readonly TimeSpan s_betweenWarmUps = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs bursts until so many aimed requests were sent.</summary>
    /// <param name="proxy">The proxy's address.</param>
    /// <param name="kind">What is sent.</param>
    /// <param name="aim">The ages, counted from the end of a client's answer in the burst before.</param>
    /// <param name="requests">How many aimed requests.</param>
    /// <param name="clients">How many at once.</param>
    /// <param name="seed">Of the ages.</param>
    /// <param name="idPrefix">What the requests' ids begin with.</param>
    /// <param name="beforeBurst">Called before each burst's warm-up; null for nothing.</param>
    /// <param name="addressOf">Where a client sends, if not to the proxy's own address: a pool of the proxy's connections for itself, behind a path of its own.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What the clients saw.</returns>
    /// <exception cref="HttpRequestException">The proxy does not answer with 200 outside the race as well.</exception>
    public static async Task<IReadOnlyList<ProxyOutcome>> RunAsync(
        Uri proxy, RequestKind kind, AimWindow aim, int requests, int clients, int seed, string idPrefix, Func<Task>? beforeBurst = null, Func<int, Uri>? addressOf = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        ArgumentNullException.ThrowIfNull(kind);
        var random = new Random(seed);
        RawClient[] senders = [.. Enumerable.Range(0, clients).Select(i => new RawClient(addressOf?.Invoke(i) ?? proxy))];
        var outcomes = new List<ProxyOutcome>();
        try
        {
            while (outcomes.Count < requests)
            {
                if (beforeBurst is not null)
                {
                    await beforeBurst();
                }

                RawClient[] taking = senders[..Math.Min(clients, requests - outcomes.Count)];
                int first = outcomes.Count;
                long[] answered = await Task.WhenAll(taking.Select((client, i) => WarmUpAsync(client, proxy, $"{idPrefix}-{first + i}{RaceRunner.WarmUpSuffix}", cancellationToken)));
                long[] due = [.. answered.Select(timestamp => AlarmClock.After(timestamp, aim.Draw(random)))];
                outcomes.AddRange(await Task.WhenAll(taking.Select((client, i) => SendAsync(client, kind, $"{idPrefix}-{first + i}", due[i], cancellationToken))));
            }
        }
        finally
        {
            foreach (RawClient sender in senders)
            {
                sender.Dispose();
            }
        }

        return outcomes;
    }

    /// <summary>Sends requests on connections of the proxy that have just been used, one after the other: for an upstream that executes them and dies.</summary>
    public static async Task<IReadOnlyList<ProxyOutcome>> RunOnUsedConnectionsAsync(Uri proxy, RequestKind kind, int requests, string idPrefix, CancellationToken cancellationToken = default)
    {
        using var client = new RawClient(proxy);
        var outcomes = new List<ProxyOutcome>();
        for (int i = 0; i < requests; i++)
        {
            _ = await WarmUpAsync(client, proxy, $"{idPrefix}-{i}{RaceRunner.WarmUpSuffix}", cancellationToken);
            outcomes.Add(await SendAsync(client, kind, $"{idPrefix}-{i}", Stopwatch.GetTimestamp(), cancellationToken));
        }

        return outcomes;
    }

    private static async Task<long> WarmUpAsync(RawClient client, Uri proxy, string id, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            int status = await client.SendAsync(RequestKind.Get, id, Stopwatch.GetTimestamp(), cancellationToken);
            if (status == 200)
            {
                return client.AnsweredAt;
            }

            if (attempt == WarmUpAttempts)
            {
                throw new HttpRequestException($"{proxy} {(status == 0 ? "closes the connection" : $"answers {status}")} outside the race as well.");
            }

            await Task.Delay(s_betweenWarmUps, cancellationToken);
        }
    }

    private static async Task<ProxyOutcome> SendAsync(RawClient client, RequestKind kind, string id, long at, CancellationToken cancellationToken)
    {
        int status = await client.SendAsync(kind, id, at, cancellationToken);
        return new ProxyOutcome(id, status, client.Latency);
    }
}

/// <summary>What a client got for one request through a proxy.</summary>
/// <param name="RequestId">What it carried in <c>X-Request-Id</c>.</param>
/// <param name="Status">The answer's status; 0 when the connection ended without one.</param>
/// <param name="Latency">From sending to the end of the answer.</param>
public sealed record ProxyOutcome(string RequestId, int Status, TimeSpan Latency)
{
    /// <summary>Gets whether it was lost for the client: no answer, or a gateway's (502, 503, 504).</summary>
    public bool IsFailure => Status is 0 or 502 or 503 or 504;
}
