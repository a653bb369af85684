using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

/// <summary>One origin on a virtual clock, written to in seconds.</summary>
internal sealed class OriginUnderTest
{
    public OriginUnderTest() => Knowledge = new KeepAliveLedger(Clock).GetOrAdd(new OriginKey("https", "api.example.com", 443, null));

    public TestClock Clock { get; } = new();

    public OriginKnowledge Knowledge { get; }

    public double? Learned => Knowledge.LearnedTicks == long.MaxValue ? null : TimeSpan.FromTicks(Knowledge.LearnedTicks).TotalSeconds;

    public double? Margin => Knowledge.MeasuredMarginTicks == long.MaxValue ? null : TimeSpan.FromTicks(Knowledge.MeasuredMarginTicks).TotalSeconds;

    public double OpenUntil => TimeSpan.FromTicks(Knowledge.OpenUntilTicks).TotalSeconds;

    public OriginUnderTest Wait(double seconds)
    {
        Clock.Advance(TimeSpan.FromSeconds(seconds));
        return this;
    }

    public LearningOutcome Closed(double age, bool exact = true, double ago = 0, double roundTrip = 0) =>
        Knowledge.IdleClosed(TimeSpan.FromSeconds(age), exact, TimeSpan.FromSeconds(ago), TimeSpan.FromSeconds(roundTrip));

    public LearningOutcome Stale(double age, bool reset = false) => Knowledge.StaleHit(TimeSpan.FromSeconds(age), reset);

    public LearningOutcome Open(double age, bool answered = false) => Knowledge.SeenOpen(TimeSpan.FromSeconds(age), answered);
}
