namespace StaleConnGuard.Tests;

public class KeepAliveLimitTests
{
    private readonly OriginUnderTest _origin = new();
    private readonly KeepAliveOptions _options = new();

    [Fact]
    public void NothingKnown_SafeToRepeat_HasNoLimit() =>
        Limit(safe: true).ShouldBe(new KeepAliveLimit(long.MaxValue, KeepAliveLimitSource.NothingKnown));

    [Fact]
    public void NothingKnown_NotSafeToRepeat_TakesYoungConnectionsOnly() =>
        Limit(safe: false).ShouldBe(Of(2, KeepAliveLimitSource.NonIdempotentMaxIdle));

    [Fact]
    public void NothingKnown_SeenOpenForLonger_TakesUpToThat()
    {
        _origin.Wait(60).Open(30);
        Limit(safe: false).ShouldBe(Of(30, KeepAliveLimitSource.OpenUntil));
        _options.Learn = false;
        Limit(safe: false).ShouldBe(Of(2, KeepAliveLimitSource.NonIdempotentMaxIdle));
    }

    [Fact]
    public void NothingKnown_NonIdempotentMaxIdleInfinite_HasNoLimit()
    {
        _options.NonIdempotentMaxIdle = Timeout.InfiniteTimeSpan;
        Limit(safe: false).MaxIdleTicks.ShouldBe(long.MaxValue);
    }

    [Theory]
    [InlineData(60, 1, 59)]
    [InlineData(60, 40, 30)]
    [InlineData(1, 1, 0.5)]
    [InlineData(5, 0, 5)]
    public void ServerTimeoutKnown_LessMarginButNotMoreThanHalf(double timeout, double margin, double expected)
    {
        _options.ServerTimeout = TimeSpan.FromSeconds(timeout);
        _options.Margin = TimeSpan.FromSeconds(margin);
        Limit(safe: true).ShouldBe(Of(expected, KeepAliveLimitSource.Configured));
        Limit(safe: false).ShouldBe(Of(expected, KeepAliveLimitSource.Configured));
    }

    /// <summary>Where two say the same, what is surer is named: what is configured, then what the server says, then what was learned.</summary>
    [Fact]
    public void ServerTimeout_TwoSourcesSayTheSame_TheSurerIsNamed()
    {
        _origin.Wait(60).Stale(30);
        Limit(safe: true).Source.ShouldBe(KeepAliveLimitSource.Learned);
        _origin.Knowledge.Advertised(TimeSpan.FromSeconds(30));
        Limit(safe: true).Source.ShouldBe(KeepAliveLimitSource.Advertised);
        _options.ServerTimeout = TimeSpan.FromSeconds(30);
        Limit(safe: true).Source.ShouldBe(KeepAliveLimitSource.Configured);
    }

    [Fact]
    public void NothingKnown_SeenOpenForAsLongAsIsAllowedAnyway_IsWhatIsAllowed()
    {
        _origin.Wait(60).Open(2);
        Limit(safe: false).ShouldBe(Of(2, KeepAliveLimitSource.NonIdempotentMaxIdle));
    }

    [Fact]
    public void LedgerFile_HoldsNothingOfTheOrigin_OrWhatIsKnownAnyway_ChangesNothing()
    {
        _options.LedgerFile = "/a/file";
        Limit(safe: true).ShouldBe(new KeepAliveLimit(long.MaxValue, KeepAliveLimitSource.NothingKnown));
        _options.ServerTimeout = TimeSpan.FromSeconds(60);
        _origin.Knowledge.Remember(new RememberedTimeout(_origin.Knowledge.Key, TimeSpan.FromSeconds(60).Ticks, _origin.Clock.GetUtcNow()));
        Limit(safe: true).ShouldBe(Of(59, KeepAliveLimitSource.Configured));
    }

    [Theory]
    [InlineData(null, 1, 0.1, true)]
    [InlineData(60.0, 1, 58.9, false)]
    [InlineData(60.0, 1, 59.1, true)]
    [InlineData(60.0, 1, 59.0, false)]
    [InlineData(60.0, 0, 58.9, false)]
    [InlineData(60.0, 0, 59.1, true)]
    [InlineData(60.0, 5, 55.5, true)]
    [InlineData(1.0, 1, 0.4, false)]
    [InlineData(1.0, 1, 0.6, true)]
    public void MayRace_NothingKnownOrNearTheTimeoutHoweverSmallTheMargin(double? timeout, double margin, double idleAge, bool expected)
    {
        _options.ServerTimeout = timeout is double seconds ? TimeSpan.FromSeconds(seconds) : null;
        _options.Margin = TimeSpan.FromSeconds(margin);
        KeepAliveLimit.MayRace(_origin.Knowledge, KeepAliveSettings.From(_options), TimeSpan.FromSeconds(idleAge).Ticks).ShouldBe(expected);
    }

    [Fact]
    public void SeveralKnown_TheSmallestCounts()
    {
        _options.ServerTimeout = KnownServerTimeouts.AwsAlb;
        _origin.Knowledge.Advertised(TimeSpan.FromSeconds(30));
        Limit(safe: true).ShouldBe(Of(29, KeepAliveLimitSource.Advertised));
        _origin.Wait(60).Stale(10);
        Limit(safe: true).ShouldBe(Of(9, KeepAliveLimitSource.Learned));
        _options.Learn = false;
        Limit(safe: true).ShouldBe(Of(29, KeepAliveLimitSource.Advertised));
        _options.ServerTimeout = TimeSpan.FromSeconds(5);
        Limit(safe: true).ShouldBe(Of(4, KeepAliveLimitSource.Configured));
    }

    [Fact]
    public void WithMeasuredMargin_MarginMeasured_AppliesToTheSmallestTimeoutOfConfiguredAndLearned()
    {
        Measure(5);
        WithMeasuredMargin.ShouldBe(Of(4.9375, KeepAliveLimitSource.Learned));
        Limit(safe: false).ShouldBe(Of(4, KeepAliveLimitSource.Learned));
        _options.ServerTimeout = TimeSpan.FromSeconds(60);
        WithMeasuredMargin.ShouldBe(Of(4.9375, KeepAliveLimitSource.Learned));
        _options.ServerTimeout = TimeSpan.FromSeconds(3);
        WithMeasuredMargin.ShouldBe(Of(2.9375, KeepAliveLimitSource.Configured));
        _options.ServerTimeout = TimeSpan.FromMilliseconds(100);
        WithMeasuredMargin.ShouldBe(Of(0.05, KeepAliveLimitSource.Configured));
    }

    [Fact]
    public void WithMeasuredMargin_ServerAdvertises_KeepsTheWholeMargin()
    {
        Measure(6);
        _origin.Knowledge.Advertised(TimeSpan.FromSeconds(5));
        WithMeasuredMargin.ShouldBe(Of(4, KeepAliveLimitSource.Advertised));
    }

    [Fact]
    public void WithMeasuredMargin_MarginConfiguredSmaller_TheConfiguredOneWins()
    {
        Measure(5);
        _options.Margin = TimeSpan.FromMilliseconds(20);
        WithMeasuredMargin.ShouldBe(Of(4.98, KeepAliveLimitSource.Learned));
    }

    [Fact]
    public void WithMeasuredMargin_NotMeasuredOrNotWanted_IsTheWholeMargin()
    {
        WithMeasuredMargin.ShouldBe(Of(2, KeepAliveLimitSource.NonIdempotentMaxIdle));
        _origin.Wait(10).Closed(5);
        _origin.Wait(10).Closed(5);
        WithMeasuredMargin.ShouldBe(Of(4, KeepAliveLimitSource.Learned));
        Measure(5);
        _options.MeasureMargin = false;
        WithMeasuredMargin.ShouldBe(Of(4, KeepAliveLimitSource.Learned));

        _options.MeasureMargin = true;
        _options.ServerTimeout = TimeSpan.FromSeconds(5);
        _options.Learn = false;
        WithMeasuredMargin.ShouldBe(Of(4, KeepAliveLimitSource.Configured));
    }

    [Fact]
    public void WithMeasuredMargin_OneOriginDoesNotWantIt_KeepsTheWholeMarginThere()
    {
        Measure(5);
        _options.Origins[_origin.Knowledge.Key.Origin] = new KeepAliveOriginOptions { MeasureMargin = false };
        KeepAliveSettings settings = KeepAliveSettings.From(_options);
        settings.Margin.ShouldBeOfType<MeasuredMarginPolicy>();
        KeepAliveLimit.WithMeasuredMargin(_origin.Knowledge, settings.For(_origin.Knowledge.Key), safeToRepeat: false).ShouldBe(Of(4, KeepAliveLimitSource.Learned));
    }

    [Fact]
    public void AdvertisedZero_NothingIsTaken()
    {
        _origin.Knowledge.Advertised(TimeSpan.Zero);
        Limit(safe: true).MaxIdleTicks.ShouldBe(0);
    }

    [Fact]
    public void For_OriginWithItsOwnSettings_TheyCount()
    {
        _options.ServerTimeout = TimeSpan.FromSeconds(60);
        _options.Origins["HTTPS://API.example.com"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(5) };
        KeepAliveSettings settings = KeepAliveSettings.From(_options);
        settings.For(_origin.Knowledge.Key).ConfiguredTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
        settings.For(_origin.Knowledge.Key with { Proxy = "http://proxy:3128" }).ConfiguredTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
        settings.For(_origin.Knowledge.Key with { Port = 444 }).ConfiguredTicks.ShouldBe(TimeSpan.FromSeconds(60).Ticks);
    }

    [Fact]
    public void RequestPath_AllocatesNothing()
    {
        _options.Origins["https://other.example.com"] = new KeepAliveOriginOptions();
        KeepAliveSettings settings = KeepAliveSettings.From(_options);
        using var response = new HttpResponseMessage();
        response.Headers.TryAddWithoutValidation("Keep-Alive", "timeout=5, max=100");
        OnePass(settings, response);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            OnePass(settings, response);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private void OnePass(KeepAliveSettings settings, HttpResponseMessage response)
    {
        KeepAliveLimit.WithFullMargin(_origin.Knowledge, settings.For(_origin.Knowledge.Key), safeToRepeat: false);
        if (response.Headers.NonValidated.TryGetValues(KeepAliveHeader.Name, out var values))
        {
            _origin.Knowledge.Advertised(values);
        }

        _origin.Knowledge.SeenOpen(TimeSpan.FromSeconds(3), answered: true);
    }

    private void Measure(double timeout)
    {
        for (int close = 0; close < 8; close++)
        {
            _origin.Wait(7.31).Closed(timeout);
        }
    }

    private KeepAliveLimit WithMeasuredMargin => KeepAliveLimit.WithMeasuredMargin(_origin.Knowledge, KeepAliveSettings.From(_options), safeToRepeat: false);

    private KeepAliveLimit Limit(bool safe) => KeepAliveLimit.WithFullMargin(_origin.Knowledge, KeepAliveSettings.From(_options), safe);

    private static KeepAliveLimit Of(double seconds, KeepAliveLimitSource source) => new(TimeSpan.FromSeconds(seconds).Ticks, source);
}
