using System.Diagnostics;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Telemetry;

public class ExchangeWatchTests
{
    [Fact]
    public void Begin_NobodyAsked_IsNullAndAllocatesNothing()
    {
        var exchange = new ExchangeUnderTest();
        using var request = new HttpRequestMessage();
        var first = new Exchange(new ExchangeScope(exchange.Guard, GuardSettings.Default), request);
        ExchangeWatch.Begin(first, exchange.Connection).ShouldBeNull();

        long before = GC.GetAllocatedBytesForCurrentThread();
        ExchangeWatch? watch = ExchangeWatch.Begin(first, exchange.Connection);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        watch.ShouldBeNull();
        allocated.ShouldBe(0);
    }

    [Fact]
    public void Begin_OnlyAParentIsRecorded_TheEventGoesThere()
    {
        using var parent = new Activity("parent");
        parent.IsAllDataRequested = true;
        parent.Start();
        using var propagated = new Activity("System.Net.Http.HttpRequestOut") { IsAllDataRequested = false };
        propagated.Start();
        var under = new ExchangeUnderTest();
        using var request = new HttpRequestMessage();
        RequestAttempts.GetOrAttach(request).Replays = 1;
        var exchange = new Exchange(new ExchangeScope(under.Guard, GuardSettings.Default), request);
        exchange.Bind(under.Connection, reused: true, TimeSpan.TicksPerSecond, 2 * TimeSpan.TicksPerSecond, 3, 0);

        ExchangeWatch watch = ExchangeWatch.Begin(exchange, under.Connection).ShouldNotBeNull();
        exchange.RecordEnd(ConnectionEnd.EndOfStream, Delivery.ProvenUndelivered);
        watch.Ended(exchange);

        parent.Events.ShouldHaveSingleItem().Name.ShouldBe(StaleConnGuardDiagnostics.StaleHitEvent);
        parent.GetTagItem(StaleConnGuardDiagnostics.ResendCountTag).ShouldBeNull();
        propagated.Events.ShouldBeEmpty();
    }

    [Fact]
    public void Capture_FirstByteAndResends_AreThoseOfTheLastExchange()
    {
        var under = new ExchangeUnderTest();
        using var request = new HttpRequestMessage();
        request.CaptureExchangeInfo().GetExchangeInfo().ShouldBeNull();
        var clock = (VirtualClock)under.Guard.Time;

        var first = new Exchange(new ExchangeScope(under.Guard, GuardSettings.Default), request);
        first.Bind(under.Connection, reused: true, TimeSpan.TicksPerSecond, 2 * TimeSpan.TicksPerSecond, 3, 0);
        ExchangeWatch.Begin(first, under.Connection);
        request.GetExchangeInfo()!.TimeToFirstByte.ShouldBeNull();

        RequestAttempts.GetOrAttach(request).Replays = 1;
        var second = new Exchange(new ExchangeScope(under.Guard, GuardSettings.Default), request);
        second.Bind(under.Connection, reused: false, 0, 0, 0, 0);
        ExchangeWatch watch = ExchangeWatch.Begin(second, under.Connection)!;
        clock.Advance(TimeSpan.FromMilliseconds(30));
        watch.FirstByte();
        clock.Advance(TimeSpan.FromMilliseconds(30));
        watch.FirstByte();

        ExchangeInfo info = request.GetExchangeInfo().ShouldNotBeNull();
        info.IsReused.ShouldBeFalse();
        info.ResendCount.ShouldBe(1);
        info.ConnectionId.ShouldBe(under.Connection.Id);
        info.TimeToFirstByte!.Value.TotalMilliseconds.ShouldBe(30, 0.1);
    }
}
