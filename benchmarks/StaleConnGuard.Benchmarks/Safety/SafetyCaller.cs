using System.Net;
using StaleConnGuard.Measuring;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>One caller with a client and a pool of its own, so that its trace alone says how many connections an oracle opens.</summary>
internal sealed class SafetyCaller(SafetyStrategy strategy, Uri address, ArrivalTrace trace)
{
    private int _connections;

    public int Connections => Volatile.Read(ref _connections);

    public int Failed { get; private set; }

    /// <summary>Sends at each arrival; half of the requests are POSTs with a body, which nobody may simply repeat.</summary>
    public async Task RunAsync(long start)
    {
        var handler = new SocketsHttpHandler
        {
            PlaintextStreamFilter = (context, cancellationToken) =>
            {
                _ = Interlocked.Increment(ref _connections);
                return new ValueTask<Stream>(context.PlaintextStream);
            },
        };
        using var client = new HttpClient(strategy.MakeHandler(handler));
        for (int i = 0; i < trace.Arrivals.Count; i++)
        {
            await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(start, trace.Arrivals[i]));
            await SendAsync(client, isPost: i % 2 == 1);
        }
    }

    private async Task SendAsync(HttpClient client, bool isPost)
    {
        using var request = new HttpRequestMessage(isPost ? HttpMethod.Post : HttpMethod.Get, address) { Content = isPost ? new ByteArrayContent("{}"u8.ToArray()) : null };
        strategy.Prepare(request.Headers);
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            Failed += response.StatusCode is HttpStatusCode.OK ? 0 : 1;
        }
        catch (HttpRequestException)
        {
            Failed++;
        }
    }
}
