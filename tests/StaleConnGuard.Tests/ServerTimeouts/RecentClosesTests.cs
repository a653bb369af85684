namespace StaleConnGuard.Tests;

/// <summary>What of the last closes is remembered, what agrees, and what refutes them. All in seconds.</summary>
public class RecentClosesTests
{
    private RecentCloses _closes = new();

    private double? RefutedFrom => Known(_closes.RefutedFrom);

    [Fact]
    public void SmallestAgreeing_Nothing_UntilOneIsThere()
    {
        Agreeing(5, at: 1000).ShouldBe((null, null));
        Add(5, at: 1000);
        Agreeing(5, at: 1010).ShouldBe((5, 1000));
    }

    [Fact]
    public void SmallestAgreeing_OfSeveral_TheSmallestAndWhenItWasClosed()
    {
        Add(5.2, at: 1000);
        Add(4.8, at: 1010);
        Add(4.9, at: 1020);
        Add(3, at: 1030);
        Agreeing(5, at: 1040).ShouldBe((4.8, 1010));
        Add(4.8, at: 1050);
        Agreeing(5, at: 1060).ShouldBe((4.8, 1010), "the first of them");
    }

    [Theory]
    [InlineData(1000.1, false)]
    [InlineData(1000.2, true)]
    [InlineData(1600, true)]
    [InlineData(1600.1, false)]
    [InlineData(999.9, false)]
    [InlineData(400, true)]
    [InlineData(399.9, false)]
    public void SmallestAgreeing_NotOfTheSameMoment_AndTenMinutesApartAtMost(double at, bool expected)
    {
        Add(5, at: 1000);
        (Agreeing(5, at).Age is not null).ShouldBe(expected);
    }

    [Theory]
    [InlineData(0.5, true)]
    [InlineData(0.499, false)]
    public void SmallestAgreeing_YoungerThanHalfASecond_AgreesWithNothing(double age, bool expected)
    {
        Add(age, at: 1000);
        (Agreeing(age, at: 1010).Age is not null).ShouldBe(expected);
    }

    [Fact]
    public void Add_MoreThanSixteen_TheOldestGoFirst()
    {
        for (int i = 0; i < 16; i++)
        {
            Add(Age(i), at: 1000 + i);
            Enumerable.Range(0, i + 1).ShouldAllBe(j => Holds(Age(j), 1000 + j), $"after {i + 1} of them");
        }

        for (int i = 16; i < 40; i++)
        {
            Add(Age(i), at: 1000 + i);
            Holds(Age(i - 16), 1000 + i - 16).ShouldBeFalse();
            Enumerable.Range(i - 15, 16).ShouldAllBe(j => Holds(Age(j), 1000 + j));
        }
    }

    [Fact]
    public void Add_AfterSomeWereRemoved_TheOldestStillGoFirst()
    {
        for (int i = 0; i < 20; i++)
        {
            Add(Age(i), at: 1000 + i);
        }

        // Of 4 to 19 the places begin in the middle of the ring.
        _closes.RemoveMoment(Ticks(1006));
        Holds(Age(6), 1006).ShouldBeFalse();
        Add(1, at: 1100);
        Holds(Age(4), 1004).ShouldBeTrue("there was a place");
        Add(2, at: 1101);
        Holds(Age(4), 1004).ShouldBeFalse();
        Holds(Age(5), 1005).ShouldBeTrue();
    }

    [Fact]
    public void RemoveMoment_OfSeveral_ThoseOfTheMomentAlone()
    {
        Add(3, at: 1000);
        Add(5, at: 1010);
        Add(7, at: 1010.1);
        Add(9, at: 1010.3);
        _closes.RemoveMoment(Ticks(1010));
        (Holds(3, 1000), Holds(5, 1010), Holds(7, 1010.1), Holds(9, 1010.3)).ShouldBe((true, false, false, true));
    }

    [Fact]
    public void ShowsRestart_AnotherAgeAtThatMoment()
    {
        _closes.ShowsRestart(Ticks(3), Ticks(1000)).ShouldBeFalse();
        Add(8, at: 1000);
        _closes.ShowsRestart(Ticks(3), Ticks(1000.1)).ShouldBeTrue();
        _closes.ShowsRestart(Ticks(3), Ticks(1000.2)).ShouldBeFalse("another moment");
        _closes.ShowsRestart(Ticks(7), Ticks(1000)).ShouldBeFalse("no other age");
    }

    [Fact]
    public void SmallestSupported_TwoOfThemAfterThatMoment()
    {
        Supported(since: 0).ShouldBeNull();
        Add(5, at: 1000);
        Add(5.1, at: 1010);
        Add(30, at: 1020);
        Supported(since: 999).ShouldBe(5);
        Supported(since: 1000).ShouldBeNull("one of the two is not after it");
        Add(31, at: 1030);
        Supported(since: 1000).ShouldBe(30);
        Supported(since: 999).ShouldBe(5);
        Supported(since: 1020).ShouldBeNull();
    }

    [Fact]
    public void RefutedFrom_TheYoungestAndItsTolerance_WithoutThoseThatNeverTeach()
    {
        RefutedFrom.ShouldBeNull();
        Add(0.4, at: 1000);
        RefutedFrom.ShouldBeNull();
        Add(30, at: 1010);
        RefutedFrom.ShouldBe(33);
        Add(5, at: 1020);
        RefutedFrom.ShouldBe(5.5);
        Add(0.5, at: 1030);
        RefutedFrom.ShouldBe(0.75);
        _closes.RemoveMoment(Ticks(1030));
        RefutedFrom.ShouldBe(5.5);
    }

    [Theory]
    [InlineData(15.0, true)]
    [InlineData(15.1, false)]
    [InlineData(5.5, true)]
    public void Outlived_ByOneOpenForMoreThanThreeTimesAsLong_Refutes(double age, bool holds)
    {
        Add(5, at: 1000);
        Outlived(age, now: 1100);
        Holds(5, 1000).ShouldBe(holds);
    }

    [Fact]
    public void Outlived_ByThreeNearIt_Refutes()
    {
        Add(5, at: 1000);
        Outlived(8, now: 1010);
        Outlived(5.5, now: 1011);
        Outlived(8, now: 1012);
        Holds(5, 1000).ShouldBeTrue("the one in between was not older than its tolerance");
        Outlived(8, now: 1013);
        Holds(5, 1000).ShouldBeFalse();
        RefutedFrom.ShouldBeNull();
    }

    /// <summary>What refutes the younger need not refute the older: they are open for as long as its tolerance allows, or for less.</summary>
    [Theory]
    [InlineData(8.8, true)]
    [InlineData(7.9, true)]
    [InlineData(8.9, false)]
    public void Outlived_WithinTheToleranceOfAnOlderOne_RefutesTheYoungerAlone(double age, bool holds)
    {
        Add(5, at: 1000);
        Add(8, at: 1010);
        for (int i = 0; i < 3; i++)
        {
            Outlived(age, now: 1100 + i);
        }

        (Holds(5, 1000), Holds(8, 1010)).ShouldBe((false, holds));
    }

    /// <summary>Open for 20 s, it passed the age of 5 s fifteen seconds ago: before the close at 1000, or not.</summary>
    [Theory]
    [InlineData(1014.9, true)]
    [InlineData(1015, false)]
    public void Outlived_PassedTheAgeBeforeTheClose_RefutesNothing(double now, bool holds)
    {
        Add(5, at: 1000);
        Outlived(20, now);
        Holds(5, 1000).ShouldBe(holds);
    }

    [Theory]
    [InlineData(1600, true)]
    [InlineData(1600.1, false)]
    public void Outlived_OlderThanTenMinutes_IsForgotten(double now, bool holds)
    {
        Add(5, at: 1000);
        Outlived(6, now);
        _closes.SmallestAgreeing(Ticks(5), Ticks(1010), out _).ShouldBe(holds ? Ticks(5) : LearningRules.None);
    }

    /// <summary>No two of them agree.</summary>
    private static double Age(int i) => 10 * Math.Pow(1.3, i);

    private void Add(double age, double at) => _closes.Add(Ticks(age), Ticks(at));

    private void Outlived(double age, double now) => _closes.Outlived(Ticks(age), Ticks(now));

    private (double? Age, double? By) Agreeing(double age, double at) => (Known(_closes.SmallestAgreeing(Ticks(age), Ticks(at), out long by)), Known(by));

    private double? Supported(double since) => Known(_closes.SmallestSupported(Ticks(since)));

    /// <summary>Whether this very close is remembered. Ages in these tests lie further apart than what agrees, or have moments of their own.</summary>
    private bool Holds(double age, double at)
    {
        // Another moment, by which only the close itself can be what agreed.
        _ = _closes.SmallestAgreeing(Ticks(age), Ticks(at + 0.15), out long by);
        return by == Ticks(at);
    }

    private static double? Known(long ticks) => ticks == LearningRules.None ? null : TimeSpan.FromTicks(ticks).TotalSeconds;

    private static long Ticks(double seconds) => (long)Math.Round(seconds * TimeSpan.TicksPerSecond);
}
