namespace StaleConnGuard.Cli;

/// <summary>How long a connection was kept.</summary>
/// <param name="Ending">What became of it.</param>
/// <param name="Age">Its idle age then: from the last response byte to the end or, if earlier, to the first byte that nobody asked for.</param>
/// <param name="Unasked">The beginning of what the server said before it closed, such as a 408; null when it said nothing.</param>
internal sealed record IdleFinding(IdleEnding Ending, TimeSpan Age, string? Unasked = null)
{
    public static readonly IdleFinding NotKept = new(IdleEnding.NotKept, TimeSpan.Zero);

    public bool IsMeasured => Ending is IdleEnding.Fin or IdleEnding.Reset;
}
