namespace StaleConnGuard.Tests;

public class RestartMomentsTests
{
    private readonly RestartMoments _moments = new();

    [Fact]
    public void Contains_WithinATenthOfASecondOfOne_EitherWay()
    {
        _moments.Contains(0).ShouldBeFalse("nothing was added");
        _moments.Add(At(10));
        _moments.Contains(At(10)).ShouldBeTrue();
        _moments.Contains(At(10.1)).ShouldBeTrue();
        _moments.Contains(At(9.9)).ShouldBeTrue();
        _moments.Contains(At(10.101)).ShouldBeFalse();
        _moments.Contains(At(9.899)).ShouldBeFalse();
    }

    [Fact]
    public void Add_TheSameRestartGoingOn_MovesWithIt()
    {
        for (int i = 0; i <= 20; i++)
        {
            _moments.Add(At(10 + (i * 0.09)));
        }

        _moments.Contains(At(11.8)).ShouldBeTrue();
        _moments.Contains(At(10)).ShouldBeFalse();
    }

    [Fact]
    public void Add_MoreThanAreKept_ForgetsTheOldest()
    {
        for (int i = 1; i <= 9; i++)
        {
            _moments.Add(At(i));
        }

        _moments.Contains(At(1)).ShouldBeFalse();
        Enumerable.Range(2, 8).ShouldAllBe(i => _moments.Contains(At(i)));
        _moments.Add(At(10));
        _moments.Contains(At(2)).ShouldBeFalse();
        _moments.Contains(At(3)).ShouldBeTrue();
    }

    [Fact]
    public void Add_TheSameRestartGoingOn_TakesOnePlace()
    {
        _moments.Add(At(1));
        for (int i = 0; i <= 20; i++)
        {
            _moments.Add(At(10 + (i * 0.09)));
        }

        _moments.Contains(At(1)).ShouldBeTrue();
    }

    [Theory]
    [InlineData(1, 9, true)]
    [InlineData(9, 1, true)]
    [InlineData(9, 9, false)]
    [InlineData(9, null, false)]
    [InlineData(null, 1, true)]
    public void Estimate_IsSetByOneOf_TheCloseThatSetItOrTheOneThatAgreed(int? setBy, int? agreedBy, bool expected)
    {
        _moments.Add(At(1));
        new Estimate(At(5), 1, At(20), Moment(setBy), Moment(agreedBy)).IsSetByOneOf(_moments).ShouldBe(expected);

        static long Moment(int? seconds) => seconds is int known ? At(known) : LearningRules.None;
    }

    private static long At(double seconds) => TimeSpan.FromSeconds(seconds).Ticks;
}
