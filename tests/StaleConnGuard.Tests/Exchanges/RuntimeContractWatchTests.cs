using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Telemetry;

namespace StaleConnGuard.Tests.Exchanges;

/// <summary>A runtime that does not do what the guard relies on is found out, and then the guard steps aside instead of guessing.</summary>
public sealed class RuntimeContractWatchTests
{
    [Fact]
    public async Task Runtime_ThatKeepsTheContract_IsTrusted()
    {
        using var pool = new PoolUnderTest(new StaleConnGuardOptions { KeepAlive = { ServerTimeout = TimeSpan.FromSeconds(30) } });

        (await pool.SendAsync("GET")).ShouldBe(HttpStatusCode.OK);
        (await pool.SendAsync("POST")).ShouldBe(HttpStatusCode.OK);
        pool.ServerHangsUp = true;
        await Should.ThrowAsync<StaleConnectionException>(() => pool.SendAsync("POST"));
        await Should.ThrowAsync<HttpRequestException>(() => pool.SendAsync("GET"));

        pool.Breaches.ShouldBeEmpty();
        pool.GuardedSends.ShouldBe(pool.Sends);
        pool.Connections.Sum(connection => connection.Received).ShouldBe(pool.Sends);
    }

    [Fact]
    public async Task ContextLost_OnAnAnsweredRequest_TheGuardStepsAsideAndSaysItOnce()
    {
        using var pool = new PoolUnderTest { LosesContext = true };

        for (int i = 0; i < 3; i++)
        {
            (await pool.SendAsync("POST")).ShouldBe(HttpStatusCode.OK);
        }

        pool.Breaches.ShouldBe([RuntimeContractBreach.ContextLost]);
        pool.Guard.Contract.IsBroken.ShouldBeTrue();
        pool.GuardedSends.ShouldBe(1);
        pool.Sends.ShouldBe(3);
    }

    [Fact]
    public async Task ContextLost_OnARequestThatTheServerMayHaveExecuted_IsNotSentAgain()
    {
        using var pool = new PoolUnderTest { LosesContext = true, ServerHangsUp = true };

        await Should.ThrowAsync<HttpRequestException>(() => pool.SendAsync("POST"));

        pool.Breaches.ShouldBe([RuntimeContractBreach.ContextLost]);
        pool.Connections.Sum(connection => connection.Received).ShouldBe(1);
    }

    [Fact]
    public async Task Connection_UsedThoughItWasRefusedAtCheckout_GetsNoByteAndTheGuardStepsAside()
    {
        using var pool = new PoolUnderTest(new StaleConnGuardOptions { KeepAlive = { NonIdempotentMaxIdle = TimeSpan.FromMilliseconds(500) } });
        (await pool.SendAsync("POST")).ShouldBe(HttpStatusCode.OK);
        pool.Clock.Advance(TimeSpan.FromSeconds(1));
        pool.UsesRefused = true;

        (await pool.SendAsync("POST")).ShouldBe(HttpStatusCode.OK);
        (await pool.SendAsync("POST")).ShouldBe(HttpStatusCode.OK);

        pool.Breaches.ShouldBe([RuntimeContractBreach.RefusedConnectionUsed]);
        pool.Connections[0].Received.ShouldBe(1);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PATCH")]
    public async Task UnansweredRequest_RepeatedByTheRuntime_IsNotWrittenTwice(string method)
    {
        using var pool = new PoolUnderTest { Repeats = true, ServerHangsUp = true };

        await Should.ThrowAsync<HttpRequestException>(() => pool.SendAsync(method));

        pool.Breaches.ShouldBe([RuntimeContractBreach.RepeatedUnanswered]);
        pool.Connections.Sum(connection => connection.Received).ShouldBe(1);
        pool.Connections.Count.ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task Http2_WrittenInAWayThatCannotBeRead_ProvesNothingAndTheGuardStepsAside()
    {
        using var pool = new PoolUnderTest();
        var connection = new Http2Connection(transport: null, pool.Guard, pool.Guard.Ledger.GetOrAdd(OriginKey.Of(new Uri("http://origin.test/")), KeepAliveSettings.Default));

        connection.TrySend("PRI * HTTP/3.0"u8).ShouldBeTrue();
        pool.Guard.Contract.IsBroken.ShouldBeFalse();
        _ = await connection.EndOfStreamAsync();

        pool.Breaches.ShouldBe([RuntimeContractBreach.FramesUnreadable]);
        connection.Judge(0).Delivery.ShouldBe(Delivery.Unknown);
    }

    [Fact]
    public void Breach_IsAWarningThatNamesTheRuntime()
    {
        var logger = new FakeLogger();
        new LogListener(logger).RuntimeContractBroken(RuntimeContractBreach.ContextLost);

        FakeLogRecord record = logger.Collector.GetSnapshot().ShouldHaveSingleItem();
        record.Id.ShouldBe(new EventId(112, "RuntimeContractBroken"));
        record.Level.ShouldBe(LogLevel.Warning);
        record.Message.ShouldStartWith($"{System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription} does not do what the guard relies on (ContextLost)");
    }
}
