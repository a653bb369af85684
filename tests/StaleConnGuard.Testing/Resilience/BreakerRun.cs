using System.Globalization;
using Polly.CircuitBreaker;

namespace StaleConnGuard.Testing.Resilience;

/// <summary>A client whose every second request meets the closing of its connection, and what its circuit breaker makes of it.</summary>
/// <param name="Raced">Connections that were ended under a request.</param>
/// <param name="Failed">Requests that failed.</param>
/// <param name="Broken">Of these, without being sent, because the circuit was open.</param>
/// <param name="ExecutedTwice">Requests that the server executed more than once.</param>
public sealed record BreakerRun(int Raced, int Failed, int Broken, int ExecutedTwice)
{
    /// <param name="neighbour">The handler above.</param>
    /// <param name="beside">What is beside it.</param>
    /// <param name="method">GET or POST.</param>
    /// <param name="ending">How the server ends connections.</param>
    /// <param name="requests">How many requests, one after the other.</param>
    /// <param name="idle">Idle for so long the server closes; the other half of the requests comes at once.</param>
    public static async Task<BreakerRun> OfAsync(Neighbour neighbour, Beside beside, HttpMethod method, Ending ending, int requests, TimeSpan idle)
    {
        await using var server = new EndingServer(ending);
        await using var client = new NeighbourClient(neighbour, beside);
        using (await client.Http.GetAsync(server.Uri))
        {
            // Leaves a connection in the pool.
        }

        int raced = 0;
        int failed = 0;
        int broken = 0;
        for (int i = 0; i < requests; i++)
        {
            bool aimed = i % 2 == 0;
            client.BeforeReuse = !aimed ? null : () =>
            {
                raced++;
                client.BeforeReuse = null;
                return server.EndAsync();
            };
            if (aimed)
            {
                await Task.Delay(idle);
            }

            using var request = new HttpRequestMessage(method, server.Uri) { Content = method == HttpMethod.Post ? new StringContent("order") : null };
            request.Headers.Add("X-Request-Id", i.ToString(CultureInfo.InvariantCulture));
            try
            {
                using HttpResponseMessage response = await client.Http.SendAsync(request);
                response.EnsureSuccessStatusCode();
            }
            catch (BrokenCircuitException)
            {
                failed++;
                broken++;
            }
            catch (HttpRequestException)
            {
                failed++;
            }
        }

        return new BreakerRun(raced, failed, broken, server.ExecutedTwice);
    }
}
