namespace StaleConnGuard.Hosting;

/// <summary>What <see cref="StaleConnGuardOptions"/> accept, as lines that name key, value and accepted range.</summary>
internal static class StaleConnGuardOptionsRules
{
    /// <summary>Everything that is wrong; empty when nothing is.</summary>
    public static IReadOnlyList<string> Check(StaleConnGuardOptions options)
    {
        var failures = new OptionFailures();
        if (options.KeepAlive is null || options.Replay is null || options.Retry is null || options.Transport is null)
        {
            failures.Add("StaleConnGuardOptions", "has a part that is null; KeepAlive, Replay, Retry and Transport are all needed.");
            return failures.Lines;
        }

        KeepAliveRules.Check(options.KeepAlive, failures.Below(nameof(options.KeepAlive)));
        ReplayRules.Check(options.Replay, failures.Below(nameof(options.Replay)));
        TransportRules.Check(options.Transport, failures.Below(nameof(options.Transport)));
        foreach (string failure in RetryOptionsRules.Check(options.Retry))
        {
            failures.AddLine(failure);
        }

        return failures.Lines;
    }
}
