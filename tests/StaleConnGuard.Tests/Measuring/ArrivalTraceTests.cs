using StaleConnGuard.Measuring;

namespace StaleConnGuard.Tests.Measuring;

public sealed class ArrivalTraceTests
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    [Fact]
    public void Exponential_SameSeed_SameTrace()
    {
        IReadOnlyList<TimeSpan> one = Trace(seed: 7).Arrivals;

        one.ShouldBe(Trace(seed: 7).Arrivals);
        one.ShouldNotBe(Trace(seed: 8).Arrivals);
    }

    [Fact]
    public void Exponential_ManyArrivals_HaveTheMeanAndTheTailTheyShould()
    {
        ArrivalTrace trace = Trace(seed: 1);
        IReadOnlyList<TimeSpan> arrivals = trace.Arrivals;

        arrivals.ShouldBe(arrivals.Order());
        arrivals[^1].ShouldBeLessThan(s_hour);
        arrivals.Count.ShouldBeInRange(3_400, 3_800);

        // Of exponential gaps with a mean of 1 s, e^-2 are longer than 2 s.
        (trace.ConnectionsNeeded(TimeSpan.FromSeconds(2)) - 1.0).ShouldBe(Math.Exp(-2) * arrivals.Count, 50);
    }

    [Fact]
    public void ConnectionsNeeded_ForeverOpen_IsOne() => Trace(seed: 1).ConnectionsNeeded(s_hour).ShouldBe(1);

    [Fact]
    public void ConnectionsNeeded_NeverKept_IsOneForEachRequest()
    {
        ArrivalTrace trace = Trace(seed: 1);

        trace.ConnectionsNeeded(TimeSpan.Zero).ShouldBe(trace.Arrivals.Count);
    }

    [Fact]
    public void ConnectionsNeeded_AGapExactlyAsLong_KeepsTheConnection()
    {
        ArrivalTrace trace = Trace(seed: 3);
        TimeSpan longest = trace.Arrivals.Zip(trace.Arrivals.Skip(1), (a, b) => b - a).Max();

        trace.ConnectionsNeeded(longest).ShouldBe(1);
        trace.ConnectionsNeeded(longest - TimeSpan.FromTicks(1)).ShouldBe(2);
    }

    [Fact]
    public void ConnectionsNeeded_NoArrivals_IsNone() =>
        ArrivalTrace.Exponential(TimeSpan.FromDays(300), TimeSpan.FromTicks(1), seed: 1).ConnectionsNeeded(s_hour).ShouldBe(0);

    private static ArrivalTrace Trace(int seed) => ArrivalTrace.Exponential(TimeSpan.FromSeconds(1), s_hour, seed);
}
