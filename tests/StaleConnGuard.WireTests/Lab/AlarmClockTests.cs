using System.Diagnostics;
using StaleConnGuard.Racing;

namespace StaleConnGuard.WireTests;

[Collection(ExactTime.Collection)]
public class AlarmClockTests
{
    [Fact]
    public async Task WaitUntil_ManyWaiters_EachWakesUpAtItsTimeAndNeverBefore()
    {
        var random = new Random(7);
        long start = Stopwatch.GetTimestamp();
        TimeSpan[] late = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => MeasureAsync(random.Next(1, 400))));

        late.ShouldAllBe(lateness => lateness >= TimeSpan.Zero);

        // What else runs on the machine makes some late, but never all.
        late.Count(lateness => lateness < TimeSpan.FromMilliseconds(1)).ShouldBeGreaterThanOrEqualTo(5);

        async Task<TimeSpan> MeasureAsync(int milliseconds)
        {
            long due = AlarmClock.After(start, TimeSpan.FromMilliseconds(milliseconds));
            await AlarmClock.Shared.WaitUntilAsync(due);
            return Stopwatch.GetElapsedTime(due);
        }
    }

    [Fact]
    public async Task WaitUntil_Cancelled_EndsAtOnce()
    {
        using var source = new CancellationTokenSource();
        Task wait = AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(Stopwatch.GetTimestamp(), TimeSpan.FromHours(1)), source.Token);

        await source.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(wait);
    }
}
