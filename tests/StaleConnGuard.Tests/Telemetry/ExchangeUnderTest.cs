using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Telemetry;

/// <summary>An exchange on a reused connection to https://api.test, ended as said, with a method no convention knows.</summary>
internal sealed class ExchangeUnderTest
{
    private static readonly HttpRequestException s_failure = new(HttpRequestError.ResponseEnded);

    private readonly Exchange _exchange;

    public ExchangeUnderTest(ConnectionEnd end = ConnectionEnd.EndOfStream, Delivery delivery = Delivery.ProvenUndelivered)
    {
        var clock = new TestClock();
        Ledger = new KeepAliveLedger(clock);
        Origin = Ledger.GetOrAdd(new OriginKey("https", "api.test", 443, null), KeepAliveSettings.Default);
        Guard = new ConnectionGuard(Ledger, clock);
        Connection = new GuardedStream(new MemoryStream(), transport: null, Guard, Origin);
        _exchange = new Exchange(new ExchangeScope(Guard, GuardSettings.Default), new HttpRequestMessage(new HttpMethod("REPORT"), "https://api.test/orders?customer=1"));
        _exchange.Bind(Binding(isReused: true));
        _exchange.RecordEnd(end, delivery);
    }

    public KeepAliveLedger Ledger { get; }

    public OriginKnowledge Origin { get; }

    public ConnectionGuard Guard { get; }

    public GuardedStream Connection { get; }

    public Binding Binding(bool isReused) => new()
    {
        Connection = Connection,
        IsReused = isReused,
        IdleAgeTicks = isReused ? TimeSpan.FromSeconds(1.5).Ticks : 0,
        ConnectionAgeTicks = isReused ? TimeSpan.FromSeconds(60).Ticks : 0,
        RequestsBefore = isReused ? 7 : 0,
        IdleSince = 0,
        BeganAt = 0,
        Mark = default,
    };

    public EndedExchange Ended(ReplayDecision decision, int replays = 0) => new(_exchange, _exchange.Evidence!, decision, replays, EndedExchange.LimitInForce(_exchange)) { Failure = s_failure };

    public void MeasureAll(GuardMetrics metrics)
    {
        metrics.ConnectionReused(Connection, TimeSpan.TicksPerSecond);
        metrics.ConnectionRefused(Connection, RefusalReason.NotFresh);
        metrics.ReplayDecided(Ended(ReplayDecision.ReplayProvenUndelivered));
        metrics.ReplayDecided(Ended(ReplayDecision.SurfaceNotSafeToRepeat));
        metrics.ReplayDecided(Ended(ReplayDecision.SurfaceCancelled));
        metrics.Retrying(Retry(RetryReason.RetriedStatus));
        metrics.RepeatRefused(_exchange.Request!);
        metrics.RuntimeRepeats(_exchange);
        metrics.RetriesStopped(Retry(RetryReason.StoppedBudgetEmpty));
    }

    private RetryAttempt Retry(RetryReason reason) => new()
    {
        Decision = new RetryDecision(reason, TimeSpan.Zero),
        Request = null,
        Response = null,
        Exception = null,
        Retries = 0,
        Origin = Origin.Key,
        Context = null,
    };
}
