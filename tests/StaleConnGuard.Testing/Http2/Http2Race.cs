using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>Aims HTTP/2 requests of one kind at a server's closing instant, each with a client and a connection of its own, so that the aim is exact.</summary>
/// <param name="address">The server.</param>
/// <param name="serverTimeout">When it closes idle connections.</param>
/// <param name="delay">Of the link, each way.</param>
/// <param name="kind"><c>GET</c>, <c>PUT</c>, <c>POST</c>, <c>POST, no body</c> or <c>POST, streamed</c>.</param>
/// <param name="makeHandler">Makes the client's handler on sockets that are ready to use.</param>
public sealed class Http2Race(Uri address, TimeSpan serverTimeout, TimeSpan delay, string kind, Func<SocketsHttpHandler, HttpMessageHandler> makeHandler)
{
    /// <summary>The kind whose body the application writes.</summary>
    public const string Streamed = "POST, streamed";

    // How often servers look that do not keep a timer for each connection.
    private static readonly TimeSpan s_beat = TimeSpan.FromSeconds(1);

    private int _raced;
    private int _sent;

    public static IReadOnlyList<string> Kinds { get; } = ["GET", "PUT", "POST", "POST, no body", Streamed];

    public string Kind => kind;

    /// <summary>Measured, the aim is at when the server really closes; otherwise at its timeout.</summary>
    public ClosingTimes? Closing { get; init; }

    public ConcurrentQueue<Exception> Failures { get; } = new();

    public ConcurrentQueue<string> Ids { get; } = new();

    public int Sent => Volatile.Read(ref _sent);

    /// <summary>Requests that were written on a connection which then ended, or that failed.</summary>
    public int Raced => Volatile.Read(ref _raced);

    public Task RunAsync(int workers, int rounds, CancellationToken cancellationToken = default) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync(worker, workers, rounds, cancellationToken), cancellationToken)));

    private async Task WorkAsync(int worker, int workers, int rounds, CancellationToken cancellationToken)
    {
        var random = new Random(worker);
        for (int round = 0; round < rounds; round++)
        {
            var tap = new Http2Tap();
            var sockets = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5) };
            tap.Attach(sockets);
            using var client = new HttpClient(makeHandler(sockets));

            // Not all at once: a server that is busy with handshakes answers late, and then closes at another time than is aimed at.
            await Task.Delay(serverTimeout * random.NextDouble(), cancellationToken);
            long? beat = Closing is { IsPeriodic: true } ? await MeetBeatAsync(Closing, random, cancellationToken) : null;
            if (await WarmUpAsync(client, cancellationToken) is not long last)
            {
                continue;
            }

            // The race is open from 2d before the FIN is here until it is; half of the aimed lie in its middle.
            double aim = (((worker * rounds) + round + 0.5) / (workers * rounds) * 1.8) + 0.1;
            long closes = beat ?? AlarmClock.After(last, Closing?.Idle ?? serverTimeout);
            await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(closes, ((aim - 2) * delay)), cancellationToken);

            string id = Guid.NewGuid().ToString("N");
            Ids.Enqueue(id);
            _ = Interlocked.Increment(ref _sent);
            long start = Stopwatch.GetTimestamp();
            int connections = tap.Connections;
            bool failed = false;
            using HttpRequestMessage request = Make(kind, address, id);
            try
            {
                using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
                if (response.StatusCode >= HttpStatusCode.InternalServerError)
                {
                    throw new HttpRequestException($"{(int)response.StatusCode}");
                }
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failed = true;
                Failures.Enqueue(e);
            }

            if (failed || (tap.Connections > connections && tap.HeadersWrittenOnFirst > start))
            {
                _ = Interlocked.Increment(ref _raced);
            }
        }
    }

    /// <summary>Waits until a connection that is used now is closed at an instant that is known, and returns that.</summary>
    private async Task<long> MeetBeatAsync(ClosingTimes closing, Random random, CancellationToken cancellationToken)
    {
        // Used in the middle between two beats, it comes to its time in the middle between two others: the next beat takes it.
        long beat = await closing.SeeOneAsync();
        double phase = 0.3 + (0.3 * random.NextDouble());
        await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(beat, s_beat * phase), cancellationToken);
        return AlarmClock.After(beat, s_beat * Math.Ceiling(phase + Math.Round(closing.Shortest / s_beat)));
    }

    public static HttpRequestMessage Make(string kind, Uri address, string id)
    {
        var request = new HttpRequestMessage(new HttpMethod(kind.Split(',')[0]), address) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("X-Request-Id", id);
        if (kind is "PUT" or "POST")
        {
            request.Content = new StringContent("""{"order":4711,"amount":12.5}""", Encoding.UTF8, "application/json");
        }
        else if (kind is Streamed)
        {
            request.Content = new StreamContent(new OneShotStream("""{"order":4711,"amount":12.5}"""u8.ToArray()));
        }

        return request;
    }

    /// <summary>When the first answer was there; null when there was none, as on a machine that is too busy to finish a handshake in the server's time: that round does not count.</summary>
    private async Task<long?> WarmUpAsync(HttpClient client, CancellationToken cancellationToken)
    {
        try
        {
            using HttpRequestMessage request = Make("GET", address, "warm-up");
            using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
            _ = response.EnsureSuccessStatusCode();
            return Stopwatch.GetTimestamp();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
