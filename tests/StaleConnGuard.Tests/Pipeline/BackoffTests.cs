namespace StaleConnGuard.Tests.Pipeline;

public class BackoffTests
{
    private static readonly TimeSpan Base = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Max = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(0, 200)]
    [InlineData(1, 400)]
    [InlineData(2, 800)]
    [InlineData(5, 6_400)]
    [InlineData(6, 10_000)]
    [InlineData(1_000, 10_000)]
    public void Full_TenThousandDelays_FillTheRangeUpToTheCeilingEvenly(int retries, int ceilingMs)
    {
        var backoff = new Backoff(Base, Max, RetryJitter.Full, new Random(7));
        double[] delays = Draw(10_000, () => backoff.Next(retries, TimeSpan.Zero));
        delays.Min().ShouldBeGreaterThanOrEqualTo(0);
        delays.Max().ShouldBeLessThan(ceilingMs);
        ShouldBeUniform(delays, 0, ceilingMs);
    }

    [Fact]
    public void Decorrelated_TenThousandDelays_StayBetweenBaseAndThreeTimesTheLast()
    {
        var backoff = new Backoff(Base, Max, RetryJitter.Decorrelated, new Random(7));
        TimeSpan previous = TimeSpan.Zero;
        for (int i = 0; i < 10_000; i++)
        {
            TimeSpan next = backoff.Next(i, previous);
            next.ShouldBeInRange(Base, Max);
            next.ShouldBeLessThanOrEqualTo(TimeSpan.FromTicks(Math.Max(previous.Ticks, Base.Ticks) * 3));
            previous = next;
        }
    }

    [Fact]
    public void Decorrelated_AfterALongWait_FillsTheRangeEvenly()
    {
        var backoff = new Backoff(Base, Max, RetryJitter.Decorrelated, new Random(7));
        ShouldBeUniform(Draw(10_000, () => backoff.Next(3, TimeSpan.FromSeconds(2))), 200, 6_000);
    }

    [Theory]
    [InlineData(RetryJitter.Full)]
    [InlineData(RetryJitter.Decorrelated)]
    public void Next_ManyClients_NoTwoInStep(RetryJitter jitter)
    {
        // Seeds as far apart as two calls of new Random() are; each client draws three waits in a row.
        string[] rows = [.. Enumerable.Range(0, 1_000).Select(seed =>
        {
            var backoff = new Backoff(Base, Max, jitter, new Random(seed));
            TimeSpan first = backoff.Next(0, TimeSpan.Zero);
            TimeSpan second = backoff.Next(1, first);
            return $"{first.Ticks} {second.Ticks} {backoff.Next(2, second).Ticks}";
        })];
        rows.Distinct(StringComparer.Ordinal).Count().ShouldBe(rows.Length);
    }

    [Fact]
    public void Next_NoBaseDelay_DoesNotWait()
    {
        var backoff = new Backoff(TimeSpan.Zero, TimeSpan.Zero, RetryJitter.Full, new Random(7));
        backoff.Next(3, TimeSpan.Zero).ShouldBe(TimeSpan.Zero);
    }

    private static double[] Draw(int count, Func<TimeSpan> next)
    {
        double[] delays = new double[count];
        for (int i = 0; i < count; i++)
        {
            delays[i] = next().TotalMilliseconds;
        }

        return delays;
    }

    // Ten equal drawers of 10,000 draws: 1,000 each, standard deviation 30; the seed is fixed, so this is no matter of luck.
    private static void ShouldBeUniform(double[] delays, double from, double to)
    {
        int[] drawers = new int[10];
        foreach (double delay in delays)
        {
            drawers[(int)((delay - from) / (to - from) * 10)]++;
        }

        drawers.ShouldAllBe(n => n > 850 && n < 1_150);
    }
}
