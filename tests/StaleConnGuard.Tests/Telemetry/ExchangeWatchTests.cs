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
        ExchangeWatch.Begin(first).ShouldBeNull();

        long before = GC.GetAllocatedBytesForCurrentThread();
        ExchangeWatch? watch = ExchangeWatch.Begin(first);
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
        exchange.Bind(under.Binding(isReused: true));

        ExchangeWatch watch = ExchangeWatch.Begin(exchange).ShouldNotBeNull();
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
        var clock = (TestClock)under.Guard.Time;

        var first = new Exchange(new ExchangeScope(under.Guard, GuardSettings.Default), request);
        first.Bind(under.Binding(isReused: true));
        ExchangeWatch.Begin(first);
        request.GetExchangeInfo()!.TimeToFirstByte.ShouldBeNull();

        RequestAttempts.GetOrAttach(request).Replays = 1;
        var second = new Exchange(new ExchangeScope(under.Guard, GuardSettings.Default), request);
        second.Bind(under.Binding(isReused: false));
        ExchangeWatch watch = ExchangeWatch.Begin(second)!;
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
