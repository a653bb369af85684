using System.Collections.Concurrent;
using System.Diagnostics;
using StaleConnGuard.Racing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>Aims requests at a server's closing instant over the delayed link: each worker has a client of its own, so that the aim is exact.</summary>
internal sealed class LinkRace(Uri address, TimeSpan serverTimeout, TimeSpan delay)
{
    public RecordingObserver Observer { get; } = new();

    public ConcurrentQueue<Exception> Failures { get; } = new();

    public ConcurrentQueue<string> Ids { get; } = new();

    public int Sent => Ids.Count;

    /// <summary>Done to each client's handler.</summary>
    public Action<SocketsHttpHandler>? Configure { get; init; }

    /// <summary>Done to each request that is aimed.</summary>
    public Action<HttpRequestMessage>? Prepare { get; init; }

    /// <summary>Sends the aimed requests on the synchronous path.</summary>
    public bool IsSync { get; init; }

    public async Task RunAsync(StaleConnGuardOptions? options, string method, string body, int workers, int rounds)
    {
        await Task.WhenAll(Enumerable.Range(0, workers).Select(w => Task.Run(() => WorkAsync(options, method, body, w, workers, rounds))));
    }

    private async Task WorkAsync(StaleConnGuardOptions? options, string method, string body, int worker, int workers, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            // A client and a ledger for each race: what was learned in one must not spare the next.
            var sockets = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
            Configure?.Invoke(sockets);
            using var client = new HttpClient(options is null ? sockets : StaleConnGuardHandler.Create(options, sockets, new KeepAliveLedger(), Observer));
            long last = await WarmUpAsync(client);
            double aim = (((worker * rounds) + round + 0.5) / (workers * rounds) * 1.6) + 0.2;
            TimeSpan idle = serverTimeout - (2 * delay) + (aim * delay);
            await WaitUntilAsync(last, idle);

            string id = Guid.NewGuid().ToString("N");
            Ids.Enqueue(id);
            using HttpRequestMessage request = ReplayTests.Request(method, body);
            request.RequestUri = address;
            request.Headers.Add("X-Request-Id", id);
            Prepare?.Invoke(request);
            try
            {
                using HttpResponseMessage response = IsSync ? client.Send(request) : await client.SendAsync(request);
                response.EnsureSuccessStatusCode();
            }
            catch (HttpRequestException e)
            {
                Failures.Enqueue(e);
            }
        }
    }

    private async Task<long> WarmUpAsync(HttpClient client)
    {
        // On a busy machine many handshakes at once may take longer than the guard's limit for connecting.
        for (int tries = 0; ; tries++)
        {
            try
            {
                using HttpResponseMessage response = await client.GetAsync(address);
                response.EnsureSuccessStatusCode();
                return Stopwatch.GetTimestamp();
            }
            catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConnectionError && tries < 5)
            {
                // Once more.
            }
        }
    }

    private static async Task WaitUntilAsync(long start, TimeSpan idle)
    {
        TimeSpan coarse = idle - Stopwatch.GetElapsedTime(start) - TimeSpan.FromMilliseconds(2);
        if (coarse > TimeSpan.Zero)
        {
            await Task.Delay(coarse);
        }

        while (Stopwatch.GetElapsedTime(start) < idle)
        {
            await Task.Yield();
        }
    }
}
