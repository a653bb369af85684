using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Duress;

/// <summary>The wall clock is set, by hand or by NTP: nothing that happens to a request depends on it, but for a <c>Retry-After</c> that is a date.</summary>
public class WallClockTests
{
    private readonly SetClock _clock = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Exchanges_RefusalsAndReplays_DoWithoutIt(int major)
    {
        await using var http1 = new ScriptedServer(static async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            if (connection.Index == 1)
            {
                // A stale hit, for all that the client knows.
                _ = await connection.ReadRequestAsync();
                await connection.CloseAsync();
                return;
            }

            await connection.AnswerAllAsync();
        });
        await using var http2 = new RawHttp2Server(static async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            if (connection.Index == 1)
            {
                _ = await connection.ReadRequestAsync();
                await connection.CloseAsync();
                return;
            }

            await connection.AnswerAllAsync();
        });
        Uri address = major == 1 ? http1.Uri : http2.Uri;
        using var client = new GuardedClient(time: _clock);
        await SendAsync(client, address, major, "first");

        // Refused for its age, or taken out of the pool, where that is looked at every second.
        KeepAliveLedger ledger = client.Ledger;
        ledger.GetOrAdd(OriginKey.Of(address)).StaleHit(TimeSpan.FromSeconds(1));
        await Task.Delay(1600);
        await SendAsync(client, address, major, "second");
        await SendAsync(client, address, major, "third");

        (major == 1 ? http1.Connections : http2.Connections).ShouldBe(3);
        client.Observer.StaleHits.ShouldBe(1);
        _clock.Readings.ShouldBe(0);
    }

    [Fact]
    public async Task Waits_AreThoseOfTheMonotonicClock_HoweverTheWallClockJumps()
    {
        int asked = 0;
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
            {
                await connection.WriteAsync(++asked % 3 > 0
                    ? $"HTTP/1.1 503 S\r\nContent-Length: 0\r\n{(asked % 3 == 1 ? "Retry-After: 1\r\n" : "")}\r\n"
                    : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        using HttpClient client = Retrying();
        long started = TimeProvider.System.GetTimestamp();

        using HttpResponseMessage response = await client.GetAsync(server.Uri, TestContext.Current.CancellationToken);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        TimeSpan took = TimeProvider.System.GetElapsedTime(started);
        took.ShouldBeInRange(TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(20));
    }

    /// <summary>RFC 9110 10.2.3: a date is a moment of the wall clock, and is asked of it.</summary>
    [Fact]
    public async Task RetryAfter_ADate_IsReadByIt()
    {
        int asked = 0;
        DateTimeOffset then = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(1);
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
            {
                await connection.WriteAsync(++asked == 1 ? $"HTTP/1.1 503 S\r\nContent-Length: 0\r\nRetry-After: {then:r}\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        using HttpClient client = Retrying();

        using HttpResponseMessage response = await client.GetAsync(server.Uri, TestContext.Current.CancellationToken);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        _clock.Readings.ShouldBeGreaterThan(0);
    }

    private HttpClient Retrying() => new(StaleConnGuardHandler.Create(
        new StaleConnGuardOptions { Retry = { BaseDelay = TimeSpan.FromMilliseconds(10), MaxDelay = TimeSpan.FromMilliseconds(50) } }, new SocketsHttpHandler(), new KeepAliveLedger(_clock), new HandlerServices(loggers: null, meters: null, _clock, new KeepAliveLedger(_clock))));

    private static async Task SendAsync(GuardedClient client, Uri address, int major, string id)
    {
        using HttpRequestMessage request = GuardedClient.Request("PUT", address, "bytes", id);
        request.Version = new Version(major, major == 1 ? 1 : 0);
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using HttpResponseMessage response = await client.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>Set forward by an hour and back again, at every reading.</summary>
    private sealed class SetClock : TimeProvider
    {
        private int _readings;

        public int Readings => Volatile.Read(ref _readings);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + (Interlocked.Increment(ref _readings) % 2 == 0 ? TimeSpan.FromHours(1) : TimeSpan.FromHours(-1));
    }
}
