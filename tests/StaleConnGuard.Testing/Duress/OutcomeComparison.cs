namespace StaleConnGuard.Testing;

/// <summary>What a plain client and a guarded one made of the same attack.</summary>
internal static class OutcomeComparison
{
    // A machine that stalls is no fault of the guard.
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(3);

    /// <summary>In what the guarded client is worse, or null. The honest answer is <c>honest</c> and the id of the request.</summary>
    public static string? Worse(ClientOutcome plain, ClientOutcome guarded, string which)
    {
        if (guarded.Took > plain.Took + s_slack)
        {
            return $"{which}: took {guarded.Took.TotalMilliseconds:0} ms, the plain client {plain.Took.TotalMilliseconds:0} ms";
        }

        // The honest answer is never worse than a failure, or than bytes that nobody asked for.
        if (guarded.Text == plain.Text || (guarded.IsAnswered && IsHonest(guarded, which) && !IsHonest(plain, which)))
        {
            return null;
        }

        // It says more than the plain client's exception does, and is one to whoever catches that.
        return guarded.Failure is StaleConnectionException && plain.Failure is HttpRequestException && guarded.Text.StartsWith("head", StringComparison.Ordinal) && plain.Text.StartsWith("head", StringComparison.Ordinal)
            ? null
            : $"{which}: plain [{Short(plain)}], guarded [{Short(guarded)}]";
    }

    private static bool IsHonest(ClientOutcome outcome, string which) => outcome.Text.EndsWith($"honest {which}", StringComparison.Ordinal);

    private static string Short(ClientOutcome outcome) =>
        (outcome.Text.Length > 300 ? outcome.Text[..300] : outcome.Text).ReplaceLineEndings("|") + (outcome.Failure is null ? "" : $" ({outcome.Failure.Message})");
}
