namespace StaleConnGuard.Tests.Decisions;

/// <summary>Every value of <see cref="ReplayDecision"/>, and the one promise over every combination of facts.</summary>
public class ReplayRuleTests
{
    private static readonly (ReplayDecision Expected, ReplayFacts Facts)[] s_rows =
    [
        (ReplayDecision.ReplayNotSent, Lost(Delivery.NotSent)),
        (ReplayDecision.ReplayNotSent, Lost(Delivery.NotSent) with { IsReused = false }),
        (ReplayDecision.ReplayNotSent, Lost(Delivery.NotSent) with { NonIdempotentReplay = NonIdempotentReplay.Never, IsUnprovenReplaySpent = true }),
        (ReplayDecision.ReplayProvenUndelivered, Lost(Delivery.ProvenUndelivered)),
        (ReplayDecision.ReplayProvenUndelivered, Lost(Delivery.ProvenUndelivered) with { IsSafeToRepeat = true, NonIdempotentReplay = NonIdempotentReplay.Never }),
        (ReplayDecision.ReplayProvenUndelivered, Lost(Delivery.ProvenUndelivered) with { Replays = 2, IsUnprovenReplaySpent = true }),
        (ReplayDecision.ReplaySafeToRepeat, Lost(Delivery.Unknown) with { IsSafeToRepeat = true }),
        (ReplayDecision.ReplaySafeToRepeat, Lost(Delivery.Unknown) with { IsSafeToRepeat = true, NonIdempotentReplay = NonIdempotentReplay.Never }),
        (ReplayDecision.ReplayOnCallersWord, Lost(Delivery.Unknown) with { NonIdempotentReplay = NonIdempotentReplay.Always }),
        (ReplayDecision.SurfaceCancelled, Lost(Delivery.NotSent) with { IsCancelled = true }),
        (ReplayDecision.SurfaceCancelled, Lost(Delivery.ResponseStarted) with { IsCancelled = true, CanBodyBeSent = false, Replays = 9 }),
        (ReplayDecision.SurfaceResponseStarted, Lost(Delivery.ResponseStarted) with { IsSafeToRepeat = true, NonIdempotentReplay = NonIdempotentReplay.Always }),
        (ReplayDecision.SurfaceBodyConsumed, Lost(Delivery.NotSent) with { CanBodyBeSent = false, IsSafeToRepeat = true }),
        (ReplayDecision.SurfaceReplaysExhausted, Lost(Delivery.NotSent) with { Replays = 3 }),
        (ReplayDecision.SurfaceReplaysExhausted, Lost(Delivery.ProvenUndelivered) with { MaxReplays = 0 }),
        (ReplayDecision.SurfaceNewConnection, Lost(Delivery.Unknown) with { IsReused = false, IsSafeToRepeat = true }),
        (ReplayDecision.SurfaceNewConnection, Lost(Delivery.ProvenUndelivered) with { IsReused = false }),
        (ReplayDecision.SurfaceProofNotTrusted, Lost(Delivery.ProvenUndelivered) with { NonIdempotentReplay = NonIdempotentReplay.Never }),
        (ReplayDecision.SurfaceUnprovenReplayExhausted, Lost(Delivery.Unknown) with { IsSafeToRepeat = true, IsUnprovenReplaySpent = true }),
        (ReplayDecision.SurfaceUnprovenReplayExhausted, Lost(Delivery.Unknown) with { NonIdempotentReplay = NonIdempotentReplay.Always, IsUnprovenReplaySpent = true }),
        (ReplayDecision.SurfaceNotSafeToRepeat, Lost(Delivery.Unknown)),
        (ReplayDecision.SurfaceNotSafeToRepeat, Lost(Delivery.Unknown) with { NonIdempotentReplay = NonIdempotentReplay.Never }),
    ];

    public static TheoryData<int> Rows() => [.. Enumerable.Range(0, s_rows.Length)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Decide_Facts_AsTheRuleSays(int row) => ReplayRule.Decide(s_rows[row].Facts).ShouldBe(s_rows[row].Expected, s_rows[row].Facts.ToString());

    [Fact]
    public void Decisions_EveryValueIsAsserted() =>
        s_rows.Select(row => row.Expected).Append(ReplayDecision.SurfaceRepeatFromAbove).Distinct().Order().ShouldBe(Enum.GetValues<ReplayDecision>()); // the last is the gate's, before a send

    [Fact]
    public void IsReplay_EveryValue_AsItsNameSays() =>
        Enum.GetValues<ReplayDecision>().ShouldAllBe(d => d.IsReplay() == d.ToString().StartsWith("Replay", StringComparison.Ordinal));

    [Fact]
    public void Decide_EveryCombination_NeverRepeatsAnUnsafeRequestWithoutProofOrTheCallersWord()
    {
        int combinations = 0;
        foreach (ReplayFacts facts in EveryCombination())
        {
            combinations++;
            bool repeated = ReplayRule.Decide(facts).IsReplay();
            bool maybeExecuted = facts.Delivery is Delivery.Unknown or Delivery.ResponseStarted;
            bool allowed = facts.IsSafeToRepeat || facts.NonIdempotentReplay is NonIdempotentReplay.Always;
            (repeated && maybeExecuted && !allowed).ShouldBeFalse(facts.ToString());
            (repeated && (facts.Delivery is Delivery.ResponseStarted || facts.IsCancelled || !facts.CanBodyBeSent || facts.Replays >= facts.MaxReplays)).ShouldBeFalse(facts.ToString());
            (repeated && maybeExecuted && (facts.IsUnprovenReplaySpent || !facts.IsReused)).ShouldBeFalse(facts.ToString());
        }

        combinations.ShouldBe(4 * 2 * 2 * 2 * 2 * 2 * 3 * 3);
    }

    private static IEnumerable<ReplayFacts> EveryCombination() =>
        from delivery in Enum.GetValues<Delivery>()
        from flags in Enumerable.Range(0, 32)
        from replays in new[] { 0, 1, 3 }
        from nonIdempotentReplay in Enum.GetValues<NonIdempotentReplay>()
        select new ReplayFacts
        {
            Delivery = delivery,
            IsReused = (flags & 1) != 0,
            IsCancelled = (flags & 2) != 0,
            IsSafeToRepeat = (flags & 4) != 0,
            CanBodyBeSent = (flags & 8) != 0,
            IsUnprovenReplaySpent = (flags & 16) != 0,
            Replays = replays,
            MaxReplays = 3,
            NonIdempotentReplay = nonIdempotentReplay,
        };

    private static ReplayFacts Lost(Delivery delivery) => new()
    {
        Delivery = delivery,
        IsReused = true,
        IsCancelled = false,
        IsSafeToRepeat = false,
        CanBodyBeSent = true,
        Replays = 0,
        IsUnprovenReplaySpent = false,
        MaxReplays = 3,
        NonIdempotentReplay = NonIdempotentReplay.WhenProven,
    };
}
