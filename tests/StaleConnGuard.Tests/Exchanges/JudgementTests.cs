using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Exchanges;

/// <summary>The watch gives up in the moment the first byte arrives: one of the two wins, and both know which.</summary>
public class JudgementTests
{
    private readonly ConnectionGuard _guard = new(new KeepAliveLedger(), new TestClock());
    private readonly GuardedStream _connection;

    public JudgementTests() => _connection = new GuardedStream(new MemoryStream(), transport: null, _guard, _guard.Ledger.GetOrAdd(new OriginKey("https", "api.test", 443, null)));

    [Fact]
    public void TryDeclareSilent_NothingCame_StandsAndLateBytesAreTooLate()
    {
        Exchange exchange = Make();
        exchange.TryDeclareSilent(TimeSpan.FromSeconds(3)).ShouldBeTrue();
        exchange.SilentFor.ShouldBe(TimeSpan.FromSeconds(3));
        exchange.TryMarkResponded().ShouldBeFalse();
        exchange.Responded.ShouldBeFalse();
        exchange.TryDeclareSilent(TimeSpan.FromSeconds(4)).ShouldBeFalse();
    }

    [Fact]
    public void TryDeclareSilent_AByteCame_IsRefused()
    {
        Exchange exchange = Make();
        exchange.TryMarkResponded().ShouldBeTrue();
        exchange.TryDeclareSilent(TimeSpan.Zero).ShouldBeFalse();
        exchange.Responded.ShouldBeTrue();
        exchange.IsSilent.ShouldBeFalse();
    }

    [Fact]
    public void TryDeclareSilent_EndedOtherwise_IsRefusedAndAByteStillCounts()
    {
        Exchange exchange = Make();
        exchange.RecordEnd(ConnectionEnd.Reset, Delivery.Unknown);
        exchange.TryDeclareSilent(TimeSpan.Zero).ShouldBeFalse();
        exchange.TryMarkResponded().ShouldBeTrue();
    }

    [Fact]
    public async Task TryDeclareSilent_RacingTheFirstByte_ExactlyOneWins()
    {
        int answered = 0;
        for (int round = 0; round < 2000; round++)
        {
            Exchange exchange = Make();
            using var start = new Barrier(2);
            Task<bool> byteCame = Task.Run(() =>
            {
                start.SignalAndWait();
                return exchange.TryMarkResponded();
            });
            Task<bool> declared = Task.Run(() =>
            {
                start.SignalAndWait();
                return exchange.TryDeclareSilent(TimeSpan.Zero);
            });
            bool[] won = await Task.WhenAll(byteCame, declared);
            won.Count(w => w).ShouldBe(1);
            exchange.Responded.ShouldBe(won[0]);
            answered += won[0] ? 1 : 0;
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"The byte was first {answered} times.");
    }

    private Exchange Make()
    {
        var exchange = new Exchange(new ExchangeScope(_guard, GuardSettings.Default), new HttpRequestMessage());
        exchange.Bind(new Binding
        {
            Connection = _connection,
            IsReused = true,
            IdleAgeTicks = 0,
            ConnectionAgeTicks = 0,
            RequestsBefore = 1,
            IdleSince = 0,
            BeganAt = 0,
            Mark = default,
        });
        return exchange;
    }
}
