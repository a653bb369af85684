namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// What a <see cref="TimeoutLearner"/> believes of the server timeout, and since when. Immutable. A class, because of most origins nothing is believed: all those share one.
/// All times in <see cref="TimeSpan"/> ticks.
/// </summary>
/// <param name="Timeout">What is believed; <see cref="LearningRules.None"/> for nothing.</param>
/// <param name="Confirmations">How often it was confirmed.</param>
/// <param name="ConfirmedAt">When it was confirmed last.</param>
/// <param name="SetBy">The moment whose close or stale hit set it, so that it can be undone if that was a restart.</param>
/// <param name="AgreedBy">The moment of the close that agreed, for the same reason.</param>
internal sealed record Estimate(long Timeout, int Confirmations, long ConfirmedAt, long SetBy, long AgreedBy)
{
    public static Estimate Nothing { get; } = new(LearningRules.None, 0, 0, LearningRules.None, LearningRules.None);

    public bool IsSetBy(long moment) => IsOf(SetBy, moment) || IsOf(AgreedBy, moment);

    public bool IsSetByOneOf(RestartMoments restarts) =>
        (SetBy != LearningRules.None && restarts.Contains(SetBy)) || (AgreedBy != LearningRules.None && restarts.Contains(AgreedBy));

    private static bool IsOf(long set, long moment) => set != LearningRules.None && LearningRules.AtOnce(set, moment);
}
