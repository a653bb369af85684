namespace StaleConnGuard.Tests;

public class MeasuredMarginTests
{
    private const double Gap = 7.31;

    // A stale hit may be taken for the server's timeout for a minute, and its end is news as well.
    private const double ALittleMore = 100;

    private readonly OriginUnderTest _origin = new();

    [Theory]
    [InlineData(2, 0.05)]
    [InlineData(5, 0.0625)]
    [InlineData(10, 0.25)]
    [InlineData(20, 1)]
    [InlineData(60, 9)]
    public void Closes_FiveToTheInstant_GiveTheLeastMarginOfThatTimeout(double timeout, double margin)
    {
        Close(4, timeout);
        _origin.Margin.ShouldBeNull();
        Close(1, timeout);
        _origin.Margin.ShouldBe(margin);
    }

    [Theory]
    [InlineData(0.003, 5)]
    [InlineData(0.037, 5)]
    [InlineData(0.039, 6)]
    [InlineData(0.069, 6)]
    [InlineData(0.072, 7)]
    [InlineData(0.1, 7)]
    public void Closes_TheMoreTheyDiffer_TheMoreOfThemAreNeeded(double spread, int needed)
    {
        for (int close = 1; close <= needed; close++)
        {
            _origin.Margin.ShouldBeNull($"after {close - 1}");
            Close(1, 5 + (close % 2 * spread));
        }

        _origin.Margin.ShouldNotBeNull();
    }

    [Fact]
    public void Closes_DifferByMoreThanATenthOfASecond_GiveNone()
    {
        for (int close = 0; close < 40; close++)
        {
            Close(1, 5 + (close % 2 * 0.101));
        }

        _origin.Margin.ShouldBeNull();
    }

    [Fact]
    public void Margin_CoversRoundTripAndTwiceTheSpread()
    {
        Close(4, 5.030, roundTrip: 0.080);
        Close(1, 5, roundTrip: 0.200);
        _origin.Margin!.Value.ShouldBe(0.050 + 0.060 + 0.200, tolerance: 1e-6);

        // The longest of those remembered: it goes with the eighth close after it.
        Close(7, 5, roundTrip: 0.010);
        _origin.Margin!.Value.ShouldBeGreaterThanOrEqualTo(0.250);
        Close(1, 5, roundTrip: 0.010);
        _origin.Margin.ShouldBe(0.0625);
    }

    [Fact]
    public void Closes_NotDatedByTheKernel_GiveNone()
    {
        for (int close = 0; close < 20; close++)
        {
            _origin.Wait(Gap).Closed(5, exact: false);
        }

        _origin.Learned.ShouldBe(5);
        _origin.Margin.ShouldBeNull();
    }

    [Fact]
    public void Closes_OfOneMoment_CountOnce()
    {
        for (int close = 0; close < 20; close++)
        {
            _origin.Wait(0.001).Closed(5);
        }

        Close(3, 5);
        _origin.Margin.ShouldBeNull();
        Close(1, 5);
        _origin.Margin.ShouldNotBeNull();
    }

    [Fact]
    public void Closes_OnTheBeatOfATimer_GiveNoneAsLongAsRequestsKeepTimeWithIt()
    {
        // A server that looks once a second, and a client that sends on the second: every connection is 3.4 s old then, the next client's 3.0 s.
        _origin.Wait(60);
        for (int close = 0; close < 20; close++)
        {
            _origin.Wait(7).Closed(3.4);
        }

        _origin.Learned.ShouldBe(3.4);
        _origin.Margin.ShouldBeNull();

        _origin.Wait(0.3).Closed(3.4, ago: 0.3);
        _origin.Margin.ShouldBeNull();
    }

    [Theory]
    [InlineData(0.14, false)]
    [InlineData(0.16, true)]
    public void Closes_OffTheBeatByMoreThanAServerIsLate_GiveOne(double off, bool given)
    {
        _origin.Wait(60);
        for (int close = 0; close < 8; close++)
        {
            _origin.Wait(close == 7 ? 7 + off : 7).Closed(5);
        }

        (_origin.Margin is not null).ShouldBe(given);
    }

    [Fact]
    public void Margin_NoCloseForTenMinutes_HoldsNoLonger()
    {
        Close(5, 5);
        _origin.Wait(599).Margin.ShouldNotBeNull();
        _origin.Wait(2).Margin.ShouldBeNull();
        Close(1, 5);
        _origin.Margin.ShouldBe(0.0625);
    }

    [Theory]
    [InlineData(4.95)]
    [InlineData(4.5)]
    [InlineData(4.05)]
    public void StaleHit_WithinTheWholeMargin_GivesItBackAndEachTimeForTwiceAsLong(double age)
    {
        Close(5, 5);
        for (int hit = 0; hit < 3; hit++)
        {
            _origin.Margin.ShouldNotBeNull();
            _origin.Stale(age);
            _origin.Margin.ShouldBeNull();

            CloseFor((600 << hit) - Gap, 5).ShouldBeFalse();
            CloseFor(ALittleMore, 5).ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData(3.9)]
    [InlineData(0.7)]
    [InlineData(0.2)]
    public void StaleHit_YoungerThanTheWholeMarginAllows_GivesItBackForTenMinutes(double age)
    {
        Close(5, 5);
        for (int hit = 0; hit < 3; hit++)
        {
            _origin.Stale(age);
            _origin.Margin.ShouldBeNull();
            CloseFor(600 - Gap, 5).ShouldBeFalse();
            CloseFor(ALittleMore, 5).ShouldBeTrue();
        }
    }

    [Fact]
    public void StaleHit_BeforeAnythingWasKnown_CostsNothing()
    {
        _origin.Wait(60).Stale(4.99).ShouldBe(LearningOutcome.Learned);
        Close(5, 5);
        _origin.Margin.ShouldNotBeNull();
    }

    [Fact]
    public void SilentHit_GivesItBack()
    {
        Close(5, 5);
        _origin.Knowledge.SilentHit();
        _origin.Margin.ShouldBeNull();
        CloseFor(590, 5).ShouldBeFalse();
    }

    [Theory]
    [InlineData(4.89, true)]
    [InlineData(4.89, false)]
    [InlineData(3, true)]
    [InlineData(3, false)]
    [InlineData(0.2, true)]
    [InlineData(5.11, true)]
    [InlineData(9, true)]
    public void Close_EarlierOrFarFromTheOthers_GivesItBackForTenMinutes(double age, bool exact)
    {
        Close(8, 5);
        _origin.Margin.ShouldNotBeNull();
        _origin.Wait(Gap).Closed(age, exact);
        _origin.Margin.ShouldBeNull();
        CloseFor(590, 5).ShouldBeFalse();
    }

    [Fact]
    public void Close_ALittleEarlier_MakesTheTimeoutSmallerAndTheMarginLarger()
    {
        Close(8, 5);
        Close(1, 4.94);
        _origin.Learned.ShouldBe(4.94);
        _origin.Margin!.Value.ShouldBe(0.050 + 0.120, tolerance: 1e-6);
    }

    [Fact]
    public void Close_FoundLateAtAHigherAge_SaysNothing()
    {
        Close(5, 5);
        _origin.Wait(1).Closed(30, exact: false);
        _origin.Margin.ShouldNotBeNull();
    }

    [Fact]
    public void Closes_DatedBeforeTheBadNews_AreNoNews()
    {
        Close(5, 5);
        _origin.Wait(600).Stale(4.5);
        for (int close = 0; close < 8; close++)
        {
            _origin.Closed(5, ago: 30 + (close * Gap));
        }

        _origin.Wait(601);
        Close(4, 5);
        _origin.Margin.ShouldBeNull();
        Close(1, 5);
        _origin.Margin.ShouldNotBeNull();
    }

    [Fact]
    public void Restart_GivesItBack()
    {
        Close(5, 5);
        _origin.Wait(Gap).Closed(3);
        _origin.Wait(0.05).Closed(0.2).ShouldBe(LearningOutcome.RestartSuspected);
        _origin.Margin.ShouldBeNull();
        CloseFor(590, 5).ShouldBeFalse();
    }

    [Fact]
    public void Open_LongerThanTheTimeout_GivesItBack()
    {
        Close(5, 5);
        _origin.Wait(20).Open(20).ShouldBe(LearningOutcome.Contradicted);
        _origin.Margin.ShouldBeNull();
    }

    [Fact]
    public void TwoServers_OneNotSeenYet_ItsFirstCloseGivesItBack()
    {
        Close(6, 5.5);
        _origin.Margin.ShouldNotBeNull();
        Close(1, 5);
        _origin.Learned.ShouldBe(5);
        _origin.Margin.ShouldBeNull();
        for (int close = 0; close < 200; close++)
        {
            Close(1, close % 2 == 0 ? 5.5 : 5);
            _origin.Margin.ShouldBeNull();
        }
    }

    private void Close(int times, double age, double roundTrip = 0)
    {
        for (int i = 0; i < times; i++)
        {
            _origin.Wait(Gap).Closed(age, roundTrip: roundTrip);
        }
    }

    // Whether there was a margin at any moment of it.
    private bool CloseFor(double seconds, double age)
    {
        bool given = false;
        for (; seconds > Gap; seconds -= Gap)
        {
            Close(1, age);
            given |= _origin.Margin is not null;
        }

        _origin.Wait(Math.Max(0, seconds));
        return given;
    }
}
