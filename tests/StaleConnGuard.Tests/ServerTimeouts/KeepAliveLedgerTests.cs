using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

public class KeepAliveLedgerTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public void GetOrAdd_SameOrigin_SameKnowledge()
    {
        var ledger = new KeepAliveLedger(_clock);
        ledger.GetOrAdd(Key(1)).ShouldBeSameAs(ledger.GetOrAdd(Key(1)));
        ledger.GetOrAdd(Key(1)).ShouldNotBeSameAs(ledger.GetOrAdd(Key(1) with { Proxy = "http://proxy:3128" }));
    }

    [Fact]
    public void GetOrAdd_TooMany_LeastRecentlyUsedGoFirst()
    {
        var ledger = new KeepAliveLedger(_clock);
        OriginKnowledge first = ledger.GetOrAdd(Key(0));
        for (int i = 1; i < 5000; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            ledger.GetOrAdd(Key(i));
            ledger.GetOrAdd(Key(0)).ShouldBeSameAs(first);
            if (i % 97 == 0)
            {
                ledger.Snapshot().Count.ShouldBeLessThanOrEqualTo(1024);
            }
        }

        ledger.TryGet(new Uri("https://host1.example.com/"), out _).ShouldBeFalse();
        ledger.TryGet(new Uri("https://host4999.example.com/"), out _).ShouldBeTrue();
    }

    [Fact]
    public void Dropped_ObservedAgain_ComesBackWithWhatItKnew()
    {
        var ledger = new KeepAliveLedger(_clock, capacity: 16);
        OriginKnowledge first = ledger.GetOrAdd(Key(0));
        first.StaleHit(TimeSpan.FromSeconds(5));
        Flood(ledger, 100);
        ledger.TryGet(new Uri("https://host0.example.com"), out _).ShouldBeFalse();

        _clock.Advance(TimeSpan.FromSeconds(1));
        first.IdleClosed(TimeSpan.FromSeconds(5), exact: true);

        ledger.GetOrAdd(Key(0)).ShouldBeSameAs(first);
        ledger.TryGet(new Uri("https://host0.example.com/path"), out OriginKeepAlive? known).ShouldBeTrue();
        known!.Learned.ShouldBe(TimeSpan.FromSeconds(5));
        ledger.Snapshot().Count.ShouldBeLessThanOrEqualTo(16);
    }

    [Fact]
    public void Dropped_AndReplaced_ObservationsReachBoth()
    {
        var ledger = new KeepAliveLedger(_clock, capacity: 16);
        OriginKnowledge old = ledger.GetOrAdd(Key(0));
        Flood(ledger, 100);
        OriginKnowledge current = ledger.GetOrAdd(Key(0));
        current.ShouldNotBeSameAs(old);

        old.StaleHit(TimeSpan.FromSeconds(5));

        old.LearnedTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
        current.LearnedTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
        ledger.GetOrAdd(Key(0)).ShouldBeSameAs(current);
    }

    [Fact]
    public void Snapshot_SaysWhatIsKnownAndInForce()
    {
        var ledger = new KeepAliveLedger(_clock);
        var options = new KeepAliveOptions { ServerTimeout = TimeSpan.FromSeconds(60), Margin = TimeSpan.FromSeconds(2) };
        OriginKnowledge knowledge = ledger.GetOrAdd(Key(7), KeepAliveSettings.From(options));
        knowledge.Advertised(TimeSpan.FromSeconds(30));
        _clock.Advance(TimeSpan.FromSeconds(60));
        knowledge.StaleHit(TimeSpan.FromSeconds(20));

        OriginKeepAlive known = ledger.Snapshot().ShouldHaveSingleItem();
        known.Origin.ShouldBe("https://host7.example.com:443");
        known.Configured.ShouldBe(TimeSpan.FromSeconds(60));
        known.Advertised.ShouldBe(TimeSpan.FromSeconds(30));
        known.Learned.ShouldBe(TimeSpan.FromSeconds(20));
        known.Limit.ShouldBe(TimeSpan.FromSeconds(18));
        known.LimitSource.ShouldBe(KeepAliveLimitSource.Learned);
        known.StaleHits.ShouldBe(1);
        known.Margin.ShouldBe(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void Snapshot_ServerMeasured_SaysWhyTheLimitIsWhatItIs()
    {
        var ledger = new KeepAliveLedger(_clock);
        OriginKnowledge knowledge = ledger.GetOrAdd(Key(7), KeepAliveSettings.Default);
        ledger.Snapshot().ShouldHaveSingleItem().Margin.ShouldBeNull();
        for (int close = 0; close < 5; close++)
        {
            _clock.Advance(TimeSpan.FromSeconds(7.31));
            knowledge.IdleClosed(TimeSpan.FromSeconds(5), exact: true);
        }

        OriginKeepAlive known = ledger.Snapshot().ShouldHaveSingleItem();
        known.Margin.ShouldBe(TimeSpan.FromSeconds(0.0625));
        known.Limit.ShouldBe(TimeSpan.FromSeconds(4.9375));
        known.NonIdempotentLimit.ShouldBe(TimeSpan.FromSeconds(4.9375));
    }

    [Fact]
    public async Task ManyThreads_LearnDropAndReadAtOnce_NothingBreaks()
    {
        var ledger = new KeepAliveLedger(TimeProvider.System, capacity: 16);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 20_000; i++)
            {
                OriginKnowledge knowledge = ledger.GetOrAdd(Key(random.Next(40)));
                var age = TimeSpan.FromSeconds(random.Next(1, 10));
                switch (random.Next(4))
                {
                    case 0: knowledge.IdleClosed(age, exact: true); break;
                    case 1: knowledge.StaleHit(age); break;
                    case 2: knowledge.SeenOpen(age, answered: true); break;
                    default: knowledge.Advertised(age); break;
                }

                KeepAliveLimit.WithFullMargin(knowledge, KeepAliveSettings.Default, safeToRepeat: false).MaxIdleTicks.ShouldBeGreaterThan(0);
            }
        })));

        ledger.Snapshot().Count.ShouldBeLessThanOrEqualTo(16);
    }

    [Fact]
    public void TryGet_RelativeUrlOrNone_IsAnError()
    {
        var ledger = new KeepAliveLedger(_clock);
        Should.Throw<ArgumentNullException>(() => ledger.TryGet(null!, out _));
        Should.Throw<ArgumentException>(() => ledger.TryGet(new Uri("/path", UriKind.Relative), out _)).Message.ShouldContain("absolute URL");
        ledger.TryGet(new Uri("https://host1.example.com"), out OriginKeepAlive? known).ShouldBeFalse();
        known.ShouldBeNull();
    }

    [Fact]
    public void Snapshot_OriginOfWhichNothingIsKnown_SaysSo()
    {
        var ledger = new KeepAliveLedger(_clock);
        ledger.GetOrAdd(Key(7) with { Proxy = "http://proxy:3128" }, KeepAliveSettings.Default);
        OriginKeepAlive known = ledger.Snapshot().ShouldHaveSingleItem();
        known.ShouldBe(new OriginKeepAlive
        {
            Origin = "https://host7.example.com:443",
            Proxy = "http://proxy:3128",
            LimitSource = KeepAliveLimitSource.NothingKnown,
            NonIdempotentLimit = TimeSpan.FromSeconds(2),
            NonIdempotentLimitSource = KeepAliveLimitSource.NonIdempotentMaxIdle,
        });
    }

    [Fact]
    public void Snapshot_Observations_AreCounted()
    {
        var ledger = new KeepAliveLedger(_clock);
        OriginKnowledge knowledge = ledger.GetOrAdd(Key(7), KeepAliveSettings.Default);
        knowledge.Surfaced();
        _clock.Advance(TimeSpan.FromSeconds(60));
        knowledge.Surfaced();
        DateTimeOffset surfaced = _clock.GetUtcNow();
        knowledge.SeenOpen(TimeSpan.FromSeconds(30), answered: true);
        knowledge.IdleClosed(TimeSpan.FromSeconds(30), exact: true);
        knowledge.IdleClosed(TimeSpan.FromSeconds(9), exact: true).ShouldBe(LearningOutcome.RestartSuspected);
        knowledge.StaleHit(TimeSpan.FromSeconds(2)).ShouldBe(LearningOutcome.RestartSuspected);
        knowledge.SilentHit();
        _clock.Advance(TimeSpan.FromSeconds(1));

        OriginKeepAlive known = ledger.Snapshot().ShouldHaveSingleItem();
        known.IdleCloses.ShouldBe(2);
        known.StaleHits.ShouldBe(2);
        known.RestartsSuspected.ShouldBe(2);
        known.NonIdempotentSurfaced.ShouldBe(2);
        known.LastNonIdempotentSurfaced.ShouldBe(surfaced);
        known.OpenUntil.ShouldBe(TimeSpan.FromSeconds(29));
    }

    [Fact]
    public void Snapshot_ClosesWithoutARestart_CountNone()
    {
        var ledger = new KeepAliveLedger(_clock);
        OriginKnowledge knowledge = ledger.GetOrAdd(Key(7), KeepAliveSettings.Default);
        knowledge.IdleClosed(TimeSpan.FromSeconds(30), exact: true);
        knowledge.StaleHit(TimeSpan.FromSeconds(30));
        ledger.Snapshot().ShouldHaveSingleItem().RestartsSuspected.ShouldBe(0);
    }

    [Theory]
    [InlineData(0.5, 0.5)]
    [InlineData(0.4, 0)]
    public void SeenOpen_AtHalfASecond_IsOfInterest(double age, double openUntil)
    {
        OriginKnowledge knowledge = new KeepAliveLedger(_clock).GetOrAdd(Key(7));
        knowledge.SeenOpen(TimeSpan.FromSeconds(age), answered: true);
        knowledge.OpenUntilTicks.ShouldBe(TimeSpan.FromSeconds(openUntil).Ticks);
    }

    [Fact]
    public void Source_IsThatOfTheSmallerTimeout()
    {
        OriginKnowledge knowledge = new KeepAliveLedger(_clock).GetOrAdd(Key(7));
        knowledge.Source.ShouldBe(KeepAliveLimitSource.NothingKnown);
        _clock.Advance(TimeSpan.FromSeconds(60));
        knowledge.StaleHit(TimeSpan.FromSeconds(20));
        (knowledge.Source, knowledge.ServerTimeoutTicks).ShouldBe((KeepAliveLimitSource.Learned, TimeSpan.FromSeconds(20).Ticks));
        knowledge.Advertised(TimeSpan.FromSeconds(20));
        knowledge.Source.ShouldBe(KeepAliveLimitSource.Advertised, "the server's word, where both are the same");
        knowledge.Advertised(TimeSpan.FromSeconds(10));
        (knowledge.Source, knowledge.ServerTimeoutTicks).ShouldBe((KeepAliveLimitSource.Advertised, TimeSpan.FromSeconds(10).Ticks));
    }

    [Fact]
    public void Advertised_OutOfRange_IsTakenForTheNearestPossible()
    {
        OriginKnowledge knowledge = new KeepAliveLedger(_clock).GetOrAdd(Key(7));
        knowledge.Advertised(TimeSpan.FromDays(2)).ShouldBe(LearningOutcome.Learned);
        knowledge.AdvertisedTicks.ShouldBe(TimeSpan.FromDays(1).Ticks);
        knowledge.Advertised(TimeSpan.FromSeconds(-1)).ShouldBe(LearningOutcome.Lowered);
        knowledge.AdvertisedTicks.ShouldBe(0);
    }

    [Fact]
    public void Dropped_EveryKindOfObservation_ReachesTheOneThatTookItsPlace()
    {
        var ledger = new KeepAliveLedger(_clock, capacity: 16);
        OriginKnowledge old = ledger.GetOrAdd(Key(0));
        Flood(ledger, 100);
        OriginKnowledge current = ledger.GetOrAdd(Key(0));

        old.Advertised(TimeSpan.FromSeconds(30));
        old.SeenOpen(TimeSpan.FromSeconds(20), answered: true);
        old.IdleClosed(TimeSpan.FromSeconds(25), exact: true);
        old.SilentHit();
        old.Surfaced();

        OriginKeepAlive known = current.Describe();
        known.Advertised.ShouldBe(TimeSpan.FromSeconds(30));
        known.OpenUntil.ShouldBe(TimeSpan.FromSeconds(20));
        (known.IdleCloses, known.StaleHits, known.NonIdempotentSurfaced).ShouldBe((1, 1, 1));
    }

    private void Flood(KeepAliveLedger ledger, int origins)
    {
        for (int i = 1; i <= origins; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            ledger.GetOrAdd(Key(i));
        }
    }

    private static OriginKey Key(int i) => new("https", $"host{i}.example.com", 443, null);
}
