namespace StaleConnGuard.Tests;

/// <summary>The closes from which a margin is measured. All in seconds.</summary>
public class ExactClosesTests
{
    private ExactCloses _closes = new();

    [Fact]
    public void Nothing_HasNoSpread()
    {
        (_closes.Count, _closes.Spread, _closes.RoundTrip, _closes.LastMoment).ShouldBe((0, 0L, 0L, long.MinValue));
    }

    [Fact]
    public void Add_SomeMoments_SpreadAndLongestRoundTrip()
    {
        Add(5, at: 1000, roundTrip: 0.03);
        (_closes.Count, _closes.Spread, _closes.RoundTrip).ShouldBe((1, 0L, Ticks(0.03)));
        Add(5.02, at: 1010, roundTrip: 0.01);
        Add(4.99, at: 1005, roundTrip: 0.02);
        (_closes.Count, _closes.Spread, _closes.RoundTrip, _closes.LastMoment).ShouldBe((3, Ticks(0.03), Ticks(0.03), Ticks(1010)));
    }

    [Fact]
    public void Add_SeveralAtOneMoment_TakeOnePlace()
    {
        Add(5, at: 1000, roundTrip: 0.01);
        Add(5.04, at: 1000.1, roundTrip: 0.03);
        Add(4.98, at: 999.9, roundTrip: 0.02);
        (_closes.Count, _closes.Spread, _closes.RoundTrip).ShouldBe((1, Ticks(0.06), Ticks(0.03)));
        Add(5, at: 1000.2, roundTrip: 0);
        _closes.Count.ShouldBe(2);
    }

    [Fact]
    public void Add_MoreThanEight_TheOldestGoFirst()
    {
        Add(9, at: 999, roundTrip: 0.5);
        for (int i = 0; i < 7; i++)
        {
            Add(5, at: 1000 + i, roundTrip: 0.01);
            (_closes.Count, _closes.Spread).ShouldBe((i + 2, Ticks(4)));
        }

        Add(5, at: 1010, roundTrip: 0.01);
        (_closes.Count, _closes.Spread, _closes.RoundTrip).ShouldBe((8, 0L, Ticks(0.01)));
        Add(6, at: 1011, roundTrip: 0.01);
        (_closes.Count, _closes.Spread).ShouldBe((8, Ticks(1)));
        for (int i = 0; i < 8; i++)
        {
            Add(5, at: 1020 + i, roundTrip: 0.01);
        }

        _closes.Spread.ShouldBe(0);
    }

    [Fact]
    public void Clear_LeavesNothing_AndItGoesOn()
    {
        for (int i = 0; i < 5; i++)
        {
            Add(5 + i, at: 1000 + i, roundTrip: 0.01);
        }

        _closes.Clear();
        Nothing_HasNoSpread();
        Add(5, at: 1100, roundTrip: 0);
        Add(5.5, at: 1101, roundTrip: 0);
        (_closes.Count, _closes.Spread, _closes.LastMoment).ShouldBe((2, Ticks(0.5), Ticks(1101)));
    }

    private void Add(double age, double at, double roundTrip) => _closes.Add(Ticks(age), Ticks(at), Ticks(roundTrip));

    private static long Ticks(double seconds) => (long)Math.Round(seconds * TimeSpan.TicksPerSecond);
}
