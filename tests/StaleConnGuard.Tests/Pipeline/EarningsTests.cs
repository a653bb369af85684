using StaleConnGuard.Pipeline;

namespace StaleConnGuard.Tests.Pipeline;

public class EarningsTests
{
    [Fact]
    public void TakeAll_WhileOthersAdd_NothingIsLostAndNothingIsTakenTwice()
    {
        var earnings = new Earnings();
        long taken = 0;

        Parallel.For(0, 8, thread =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                earnings.Add(1);
                if (thread == 0 && i % 100 == 0)
                {
                    Interlocked.Add(ref taken, earnings.TakeAll());
                }
            }
        });

        (taken + earnings.TakeAll()).ShouldBe(160_000);
        earnings.TakeAll().ShouldBe(0);
    }
}
