namespace StaleConnGuard.Testing;

/// <summary>What one simulated run came to.</summary>
public sealed record SimulationResult
{
    public required ServerModel Server { get; init; }

    public required Traffic Traffic { get; init; }

    public long Requests { get; set; }

    public long Opened { get; set; }

    /// <summary>Before the timeout was learned for the first time, or after the server changed it.</summary>
    public long StaleUntilLearned { get; set; }

    /// <summary>Once it had been learned.</summary>
    public long StaleAfterwards { get; set; }

    /// <summary>Requests that met a restart: nobody can know of it.</summary>
    public long StaleByRestart { get; set; }

    /// <summary>Idle connections that the server closed.</summary>
    public long ClosedByServer { get; set; }

    /// <summary>What was learned in the end, in seconds.</summary>
    public double? Learned { get; set; }

    /// <summary>The longest that the learned timeout was wrong after the server had changed it, in seconds; 0 when it never changed.</summary>
    public double LongestWrong { get; set; }

    /// <summary>The last change was not followed until the end.</summary>
    public bool NeverFollowed { get; set; }
}
