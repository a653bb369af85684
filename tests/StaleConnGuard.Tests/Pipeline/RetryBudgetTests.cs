using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Pipeline;

public class RetryBudgetTests
{
    private static readonly OriginKey Origin = new("http", "orders.test", 80, null);

    private readonly TestClock _clock = new();

    [Fact]
    public void Spend_NothingEarned_AllowsTheMinimumOfOneSecond()
    {
        var budget = new RetryBudget(Origin, _clock.GetTimestamp());
        Spend(budget, 100, minimum: 10).ShouldBe(10);
        _clock.Advance(TimeSpan.FromMilliseconds(501));
        Spend(budget, 100, minimum: 10).ShouldBe(5);
        _clock.Advance(TimeSpan.FromMinutes(5));
        Spend(budget, 100, minimum: 10).ShouldBe(10);
    }

    [Fact]
    public void Spend_RatioOnly_AllowsOneRetryForFiveRequests()
    {
        var budget = new RetryBudget(Origin, _clock.GetTimestamp());
        Earn(budget, 4);
        budget.TrySpend(0, _clock).ShouldBeFalse();
        Earn(budget, 1);
        budget.TrySpend(0, _clock).ShouldBeTrue();
        budget.TrySpend(0, _clock).ShouldBeFalse();
    }

    [Fact]
    public void Spend_MinimumBelowOne_ComesOverTime()
    {
        var budget = new RetryBudget(Origin, _clock.GetTimestamp());
        Spend(budget, 10, minimum: 0.5).ShouldBe(1);
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Spend(budget, 10, minimum: 0.5).ShouldBe(0);
        _clock.Advance(TimeSpan.FromSeconds(0.11));
        Spend(budget, 10, minimum: 0.5).ShouldBe(1);
    }

    [Fact]
    public void Reserve_LongHealthyTime_IsOneSecondsWorth()
    {
        var budget = new RetryBudget(Origin, _clock.GetTimestamp());
        for (int second = 0; second < 600; second++)
        {
            Earn(budget, 1_000);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Spend(budget, 10_000, minimum: 0).ShouldBeInRange(199, 201);
    }

    [Fact]
    public void Reserve_LittleTraffic_IsSavedUpToTen()
    {
        var budget = new RetryBudget(Origin, _clock.GetTimestamp());
        for (int minute = 0; minute < 600; minute++)
        {
            Earn(budget, 1);
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        Spend(budget, 10_000, minimum: 0).ShouldBe(10);
    }

    [Fact]
    public void Reserve_BurstOfFailuresAtOnce_IsNotCutByItsOwnAccounting()
    {
        var budget = new RetryBudget(Origin, _clock.GetTimestamp());
        Earn(budget, 1_000);
        _clock.Advance(TimeSpan.FromSeconds(1));
        int spent = 0;
        for (int i = 0; i < 150; i++)
        {
            _clock.Advance(TimeSpan.FromTicks(10));
            spent += budget.TrySpend(0, _clock) ? 1 : 0;
        }

        spent.ShouldBe(150);
    }

    [Fact]
    public async Task Spend_FromManyThreads_GivesOutWhatIsThereAndNoMore()
    {
        var budget = new RetryBudget(Origin, _clock.GetTimestamp());
        int spent = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 5_000; i++)
            {
                budget.Earn(RetryBudget.ToUnits(0.2), 0);
                if (budget.TrySpend(0, _clock))
                {
                    Interlocked.Increment(ref spent);
                }
            }
        })));

        // 20,000 requests earn 4,000; the reserve of ten and the last fractions may be left inside.
        spent += Spend(budget, 100, minimum: 0);
        spent.ShouldBeInRange(3_999, 4_000);
    }

    [Fact]
    public void ShouldReport_ManyRefusals_OnceAMinute()
    {
        var budget = new RetryBudget(Origin, _clock.GetTimestamp());
        int[] reports = new int[3];
        for (int minute = 0; minute < 3; minute++)
        {
            for (int i = 0; i < 60; i++)
            {
                reports[minute] += budget.ShouldReport(_clock) ? 1 : 0;
                _clock.Advance(TimeSpan.FromSeconds(1));
            }
        }

        reports.ShouldBe([1, 1, 1]);
    }

    private static void Earn(RetryBudget budget, int requests)
    {
        for (int i = 0; i < requests; i++)
        {
            budget.Earn(RetryBudget.ToUnits(0.2), 0);
        }
    }

    private int Spend(RetryBudget budget, int wanted, double minimum)
    {
        int spent = 0;
        for (int i = 0; i < wanted; i++)
        {
            spent += budget.TrySpend(minimum, _clock) ? 1 : 0;
        }

        return spent;
    }
}
