using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Telemetry;

public class LogListenerTests
{
    private readonly FakeLoggerProvider _log = new();

    [Fact]
    public void Ended_Surfaced_WarnsWithASentenceAndEveryField()
    {
        Observe(new ExchangeUnderTest(ConnectionEnd.Reset, Delivery.Unknown).Ended(ReplayDecision.SurfaceNotSafeToRepeat, replays: 2));

        FakeLogRecord logged = _log.Collector.GetSnapshot().ShouldHaveSingleItem();
        logged.Category.ShouldBe("StaleConnGuard");
        logged.Level.ShouldBe(LogLevel.Warning);
        logged.Id.Id.ShouldBe(101);
        logged.Id.Name.ShouldBe("StaleHitSurfaced");
        logged.Message.ShouldBe(
            "A request to https://api.test:443 failed on a connection that the server ended as it was taken (idle for 00:00:01.5000000, Reset), and is not replayed; a layer above may still send it again. "
            + "Delivery Unknown, decision SurfaceNotSafeToRepeat, connection age 00:01:00, 7 requests on the connection before, keep-alive limit 00:00:02 (NonIdempotentMaxIdle), 2 replays before.");
    }

    [Fact]
    public void Ended_Healed_IsForDebuggingOnly()
    {
        Observe(new ExchangeUnderTest().Ended(ReplayDecision.ReplayProvenUndelivered));

        FakeLogRecord logged = _log.Collector.GetSnapshot().ShouldHaveSingleItem();
        logged.Level.ShouldBe(LogLevel.Debug);
        logged.Id.Id.ShouldBe(102);
    }

    [Theory]
    [InlineData((int)ConnectionEnd.Refused)]
    [InlineData((int)ConnectionEnd.ClosedBeforeUse)]
    public void Ended_NothingWasSent_IsNotLogged(int end)
    {
        Observe(new ExchangeUnderTest((ConnectionEnd)end, Delivery.NotSent).Ended(ReplayDecision.ReplayNotSent));
        _log.Collector.GetSnapshot().ShouldBeEmpty();
    }

    [Fact]
    public void Learned_ATimeout_IsInformation()
    {
        var exchange = new ExchangeUnderTest();
        var guard = new ConnectionGuard(exchange.Ledger, TimeProvider.System, new LogListener(_log.CreateLogger("StaleConnGuard")));
        guard.Events.TimeoutAdvertised(exchange.Origin, TimeSpan.FromSeconds(5));
        guard.Events.TimeoutAdvertised(exchange.Origin, TimeSpan.FromSeconds(5));

        FakeLogRecord logged = _log.Collector.GetSnapshot().ShouldHaveSingleItem();
        logged.Level.ShouldBe(LogLevel.Information);
        logged.Id.Id.ShouldBe(107);
        logged.Message.ShouldBe("The server at https://api.test:443 closes idle connections after 00:00:05 (Advertised, Learned); connections are taken below that age from now on.");
    }

    [Fact]
    public void Exception_Surfaced_SaysASentenceAndEveryField()
    {
        var e = new StaleConnectionException(
            new ExchangeUnderTest(ConnectionEnd.Reset, Delivery.Unknown).Ended(ReplayDecision.SurfaceNotSafeToRepeat, replays: 2), new IOException("reset"));

        e.Origin.ShouldBe("https://api.test:443");
        e.Limit.ShouldBe(TimeSpan.FromSeconds(2));
        e.LimitSource.ShouldBe(KeepAliveLimitSource.NonIdempotentMaxIdle);
        e.RequestsOnConnection.ShouldBe(7);
        e.Replays.ShouldBe(2);
        e.Message.ShouldStartWith("The pooled connection to https://api.test:443, idle for 1.500 s, was reset before any byte of a response, and the request was not replayed because ");
        e.Message.ShouldEndWith(
            "[Delivery: Unknown, decision: SurfaceNotSafeToRepeat, idle age: 1.500 s, connection age: 60.000 s, requests on the connection before: 7, keep-alive limit: 2.000 s (NonIdempotentMaxIdle), replays: 2]");
        e.Message.ShouldNotContain("customer");
    }

    private void Observe(EndedExchange ended) => new LogListener(_log.CreateLogger("StaleConnGuard")).ReplayDecided(ended);
}
