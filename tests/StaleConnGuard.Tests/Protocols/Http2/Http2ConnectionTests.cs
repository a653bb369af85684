using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Protocols.Http2;

/// <summary>What a connection without a socket may claim: that something was never written, and nothing else.</summary>
public class Http2ConnectionTests
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(100);

    private readonly TestClock _clock = new();
    private readonly KeepAliveLedger _ledger;
    private readonly ConnectionGuard _guard;
    private readonly Http2Connection _connection;

    public Http2ConnectionTests()
    {
        _ledger = new KeepAliveLedger(_clock);
        _guard = new ConnectionGuard(_ledger, _clock);
        _connection = Connect(_guard);
    }

    [Fact]
    public async Task Judge_HandedDownAfterTheLastHeaders_WasNotSent()
    {
        Exchange(1);
        long since = Later();
        _ = await _connection.EndOfStreamAsync();
        SharedVerdict verdict = _connection.Judge(since);
        verdict.Delivery.ShouldBe(Delivery.NotSent);
        verdict.End.ShouldBe(ConnectionEnd.ClosedBeforeUse);
        verdict.Binding.IsReused.ShouldBeTrue();
        verdict.Binding.IdleAgeTicks.ShouldBeInRange(s_step.Ticks - 10, s_step.Ticks + 10);
    }

    [Fact]
    public async Task Judge_WrittenAndNoKernelToAsk_IsUnknown()
    {
        Exchange(1);
        long since = Later();
        Send(3);
        _ = await _connection.EndOfStreamAsync();
        _connection.Judge(since).Delivery.ShouldBe(Delivery.Unknown);
    }

    [Fact]
    public async Task Judge_WrittenAtTheVeryMoment_IsUnknown()
    {
        Exchange(1);
        Send(3);
        _ = await _connection.EndOfStreamAsync();
        _connection.Judge(_clock.GetTimestamp()).Delivery.ShouldBe(Delivery.Unknown);
    }

    [Fact]
    public void Judge_AfterAReset_ProvesNothingOfWhatWasWritten()
    {
        Exchange(1);
        long since = Later();
        Send(3);
        long after = Later();
        _ = _connection.Failed(new IOException("reset"));
        _connection.Judge(since).ShouldSatisfyAllConditions(v => v.Delivery.ShouldBe(Delivery.Unknown), v => v.End.ShouldBe(ConnectionEnd.Reset));
        _connection.Judge(after).Delivery.ShouldBe(Delivery.NotSent);
    }

    [Fact]
    public async Task Judge_OnceTheBytesWereOdd_ClaimsNothing()
    {
        Exchange(1);
        _connection.Received([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 2]);
        long since = Later();
        _ = await _connection.EndOfStreamAsync();
        _connection.Judge(since).Delivery.ShouldBe(Delivery.Unknown);
        _connection.Trace.LastHeaders.ShouldBe(long.MaxValue);
    }

    [Fact]
    public async Task Judge_BeforeAnythingWasAnswered_IsNotReused()
    {
        long since = Later();
        Send(1);
        _ = await _connection.EndOfStreamAsync();
        _connection.Judge(since).Binding.IsReused.ShouldBeFalse();
    }

    [Fact]
    public async Task TrySend_OnceTheEndIsHere_WritesNothing()
    {
        Exchange(1);
        SharedConnectionEndedException end = await _connection.EndOfStreamAsync();
        Send(3).ShouldBeFalse();
        _connection.End.ShouldBeSameAs(end);
        (await _connection.EndOfStreamAsync()).ShouldBeSameAs(end);
    }

    [Fact]
    public void Retire_WhileAStreamIsOpen_DoesNothing()
    {
        Exchange(1);
        Send(3);
        _connection.RetireIfIdleSince(Later(), RefusalReason.TooOld);
        _connection.End.ShouldBeNull();
    }

    [Fact]
    public void Retire_Idle_RefusesWhatComesAndSaysItWasNotSent()
    {
        Exchange(1);
        long since = Later();
        _connection.RetireIfIdleSince(since, RefusalReason.TooOld);
        Send(3).ShouldBeFalse();
        _connection.Judge(since).ShouldSatisfyAllConditions(v => v.Delivery.ShouldBe(Delivery.NotSent), v => v.End.ShouldBe(ConnectionEnd.Refused));
    }

    [Fact]
    public void Retire_WhileABodyMayBeOnItsWay_Waits()
    {
        Exchange(1);
        _guard.Shared.Begin(hasContentThatRuns: true, wouldSurface: false, _clock.GetTimestamp());
        long later = Later();
        _connection.RetireIfIdleSince(later, RefusalReason.TooOld);
        _connection.End.ShouldBeNull();
        _guard.Shared.End(hasContentThatRuns: true, wouldSurface: false);
        _connection.RetireIfIdleSince(later, RefusalReason.TooOld);
        _connection.End.ShouldNotBeNull();
    }

    [Fact]
    public void IdleLimit_AtTheLimit_TakesTheConnectionOutAndNotBefore()
    {
        var settings = KeepAliveSettings.From(new KeepAliveOptions { ServerTimeout = TimeSpan.FromSeconds(10), Margin = TimeSpan.FromSeconds(1) });
        using var limit = new IdleLimit(_connection, () => settings);
        Exchange(1);
        _clock.Advance(TimeSpan.FromSeconds(8.9));
        _connection.End.ShouldBeNull();
        _clock.Advance(TimeSpan.FromSeconds(0.2));
        _connection.End.ShouldNotBeNull();
    }

    [Theory]
    [InlineData(9, true)]
    [InlineData(9.1, false)]
    public void IdleLimit_NoTimerFires_TheFirstHeadersBehindItAreRefused(double seconds, bool isSent)
    {
        (Http2Connection connection, IdleLimit limit) = WithoutTimers(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        using IdleLimit _ = limit;
        Exchange(connection, 1);
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        long since = Later(TimeSpan.Zero);

        Send(connection, 3).ShouldBe(isSent);
        (connection.End is null).ShouldBe(isSent);
        connection.Judge(since).Delivery.ShouldBe(isSent ? Delivery.Unknown : Delivery.NotSent);
        connection.Judge(since).End.ShouldBe(isSent ? ConnectionEnd.None : ConnectionEnd.Refused);
        if (!isSent)
        {
            Send(connection, 5).ShouldBeFalse("nothing is sent behind it");
        }
    }

    [Fact]
    public void IdleLimit_NoTimerFires_WhatIsNoRequestPasses()
    {
        (Http2Connection connection, IdleLimit limit) = WithoutTimers(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        using IdleLimit _ = limit;
        Exchange(connection, 1);
        _clock.Advance(TimeSpan.FromMinutes(1));
        connection.TrySend(Frame(6, 0, 0)).ShouldBeTrue();
        connection.End.ShouldBeNull();
    }

    [Fact]
    public void IdleLimit_NoTimerFires_AStreamIsOpen_OthersAreSentBesideIt()
    {
        (Http2Connection connection, IdleLimit limit) = WithoutTimers(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        using IdleLimit _ = limit;
        Exchange(connection, 1);
        Send(connection, 3).ShouldBeTrue();
        _clock.Advance(TimeSpan.FromMinutes(1));
        Send(connection, 5).ShouldBeTrue();
    }

    [Fact]
    public void IdleLimit_NoTimerFires_NoRequestYet_TheFirstIsSent()
    {
        (Http2Connection connection, IdleLimit limit) = WithoutTimers(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        using IdleLimit _ = limit;
        _clock.Advance(TimeSpan.FromMinutes(1));
        Send(connection, 1).ShouldBeTrue();
    }

    /// <summary>At the limit a body was under way, which kept it in the pool; or it began later, when a timer that came in time had taken the connection out.</summary>
    [Theory]
    [InlineData(8, true)]
    [InlineData(9, true)]
    [InlineData(9.1, false)]
    public void IdleLimit_NoTimerFires_ABodyIsUnderWay_IsSentIfThatBeganBeforeTheLimit(double begun, bool isSent)
    {
        (Http2Connection connection, IdleLimit limit) = WithoutTimers(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        using IdleLimit _ = limit;
        Exchange(connection, 1);
        connection.Guard.Shared.Begin(hasContentThatRuns: true, wouldSurface: false, Later(TimeSpan.FromSeconds(begun)));
        _clock.Advance(TimeSpan.FromMinutes(1));
        connection.Guard.Shared.Begin(hasContentThatRuns: true, wouldSurface: false, _clock.GetTimestamp());
        Send(connection, 3).ShouldBe(isSent);
    }

    [Fact]
    public void IdleLimit_NoTimerFires_OnceTheBytesWereOdd_RefusesNothing()
    {
        (Http2Connection connection, IdleLimit limit) = WithoutTimers(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1));
        using IdleLimit _ = limit;
        Exchange(connection, 1);
        connection.Received([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 2]);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Send(connection, 3).ShouldBeTrue("what is refused could not be proven to be unsent");
    }

    [Fact]
    public void IdleLimit_AStreamIsOpen_LeavesItAlone()
    {
        var settings = KeepAliveSettings.From(new KeepAliveOptions { ServerTimeout = TimeSpan.FromSeconds(10) });
        using var limit = new IdleLimit(_connection, () => settings);
        Exchange(1);
        Send(3);
        _clock.Advance(TimeSpan.FromMinutes(2));
        _connection.End.ShouldBeNull();
    }

    [Fact]
    public void IdleLimit_PingsAndSettings_DoNotKeepItYoung()
    {
        var settings = KeepAliveSettings.From(new KeepAliveOptions { ServerTimeout = TimeSpan.FromSeconds(10), Margin = TimeSpan.FromSeconds(1) });
        using var limit = new IdleLimit(_connection, () => settings);
        Exchange(1);
        for (int i = 0; i < 10; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            _ = _connection.TrySend(Frame(6, 0, 0));
            _connection.Received(Frame(6, 1, 0));
        }

        _connection.End.ShouldNotBeNull();
    }

    [Fact]
    public void Others_OneHadHeadersSince_CannotBeRuledOut()
    {
        Exchange(1);
        long since = Later();
        var other = new Http2Connection(null, _guard, _connection.Origin);
        _guard.Shared.Add(other);
        _guard.Shared.MayAnyOtherHaveSince(_connection.Trace, since, isStamped: false).ShouldBeFalse();
        _clock.Advance(s_step);
        other.Trace.LastHeaders = _clock.GetTimestamp();
        _guard.Shared.MayAnyOtherHaveSince(_connection.Trace, since, isStamped: false).ShouldBeTrue();

        // It was made after that moment, or not.
        _guard.Shared.MayAnyOtherHaveSince(_connection.Trace, since - 1, isStamped: true).ShouldBeFalse();
        _guard.Shared.MayAnyOtherHaveSince(_connection.Trace, other.Trace.Created, isStamped: true).ShouldBeTrue();
    }

    private Http2Connection Connect(ConnectionGuard guard)
    {
        var connection = new Http2Connection(transport: null, guard, _ledger.GetOrAdd(new OriginKey("https", "orders", 443, null), KeepAliveSettings.Default));
        guard.Shared.Add(connection);
        connection.TrySend([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(FrameHeader.Settings, 0, 0)]).ShouldBeTrue();
        connection.Received(Frame(FrameHeader.Settings, 0, 0));
        return connection;
    }

    /// <summary>A process without processor time: nothing is done at its time.</summary>
    private (Http2Connection Connection, IdleLimit Limit) WithoutTimers(TimeSpan serverTimeout, TimeSpan margin)
    {
        var settings = KeepAliveSettings.From(new KeepAliveOptions { ServerTimeout = serverTimeout, Margin = margin });
        Http2Connection connection = Connect(new ConnectionGuard(_ledger, new NoTimers(_clock)));
        return (connection, new IdleLimit(connection, () => settings));
    }

    private void Exchange(int stream) => Exchange(_connection, stream);

    private static void Exchange(Http2Connection connection, int stream)
    {
        Send(connection, stream).ShouldBeTrue();
        connection.Received(Frame(FrameHeader.Headers, 1, stream));
    }

    private bool Send(int stream) => Send(_connection, stream);

    private static bool Send(Http2Connection connection, int stream) => connection.TrySend(Frame(FrameHeader.Headers, 1, stream));

    private long Later() => Later(s_step);

    private long Later(TimeSpan by)
    {
        _clock.Advance(by);
        return _clock.GetTimestamp();
    }

    private static byte[] Frame(byte type, byte flags, int stream) => [0, 0, 0, type, flags, 0, 0, 0, (byte)stream];
}
