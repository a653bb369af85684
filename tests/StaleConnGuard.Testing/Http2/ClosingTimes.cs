using System.Diagnostics;
using System.Net;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// When a server closes idle HTTP/2 connections, as a client sees it: so long after the last answer, or, where the server looks for them at an interval, at which instants. Measured with
/// connections that are left idle: servers count from other bytes than the answer's, and round.
/// </summary>
public sealed class ClosingTimes
{
    // What is further apart than this is no idle timeout that is counted from a connection's own last byte.
    private static readonly TimeSpan s_constant = TimeSpan.FromMilliseconds(200);

    private readonly Uri _address;

    private ClosingTimes(Uri address, TimeSpan shortest, TimeSpan idle, bool isPeriodic)
    {
        _address = address;
        Shortest = shortest;
        Idle = idle;
        IsPeriodic = isPeriodic;
    }

    /// <summary>The shortest time that was seen: a server that looks once a second closes no connection earlier.</summary>
    public TimeSpan Shortest { get; }

    /// <summary>From the last answer to the first sign of the close, both seen by the client.</summary>
    public TimeSpan Idle { get; }

    /// <summary>The server looks once a second: then the instants are what can be aimed at, and <see cref="Idle"/> is where most lie.</summary>
    public bool IsPeriodic { get; }

    public static async Task<ClosingTimes> MeasureAsync(Uri address)
    {
        // Spread over a second, so that an interval shows.
        (long Answered, long Closed)[] seen = await Task.WhenAll(Enumerable.Range(0, 9).Select(async i =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(110 * i));
            return await ProbeAsync(address);
        }));
        TimeSpan[] idle = [.. seen.Select(static one => Stopwatch.GetElapsedTime(one.Answered, one.Closed)).Order()];
        return new ClosingTimes(address, idle[0], idle[idle.Length / 2], idle[^2] - idle[1] > s_constant);
    }

    /// <summary>An instant at which the server has just closed connections, as the client saw it.</summary>
    public async Task<long> SeeOneAsync() => (await ProbeAsync(_address)).Closed;

    private static async Task<(long Answered, long Closed)> ProbeAsync(Uri address)
    {
        long answered = 0;
        var closed = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var sockets = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5) };
        sockets.PlaintextStreamFilter = (context, cancelled) => ValueTask.FromResult<Stream>(new ReadTimesStream(context.PlaintextStream, now =>
        {
            // What comes so late is no part of the answer: GOAWAY, or the end.
            if (Volatile.Read(ref answered) is > 0 and long since && Stopwatch.GetElapsedTime(since, now) > TimeSpan.FromMilliseconds(300))
            {
                _ = closed.TrySetResult(now);
            }
        }));
        using var client = new HttpClient(sockets);
        using (HttpRequestMessage request = Http2Race.Make("GET", address, "warm-up"))
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            _ = response.EnsureSuccessStatusCode();
            Volatile.Write(ref answered, Stopwatch.GetTimestamp());
        }

        return (answered, await closed.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private sealed class ReadTimesStream(Stream inner, Action<long> read) : PassThroughStream(inner)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await Inner.ReadAsync(buffer, cancellationToken);
            }
            finally
            {
                read(Stopwatch.GetTimestamp());
            }
        }
    }
}
