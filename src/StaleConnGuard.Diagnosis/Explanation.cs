namespace StaleConnGuard.Diagnosis;

/// <summary>What a capture says. Immutable once the analysis is done.</summary>
internal sealed record Explanation
{
    public required VantagePoint VantagePoint { get; init; }

    public required long Frames { get; init; }

    public required long Bytes { get; init; }

    public required IReadOnlyDictionary<DecodedAs, long> Decoded { get; init; }

    public required long Copies { get; init; }

    /// <summary>Connections that are others', seen once more under translated addresses (NAT); not judged again.</summary>
    public required long Twins { get; init; }

    public required long Truncated { get; init; }

    public required long Connections { get; init; }

    /// <summary>How many connections were open at once at most.</summary>
    public required int MostOpen { get; init; }

    /// <summary>The time from the first frame to the last one.</summary>
    public required TimeSpan Duration { get; init; }

    public required IReadOnlyDictionary<Verdict, long> Verdicts { get; init; }

    /// <summary>Why that is unknown which is.</summary>
    public required IReadOnlyDictionary<Reason, long> UnknownBecause { get; init; }

    /// <summary>The servers, those that lost most first.</summary>
    public required IReadOnlyList<ServerSummary> Servers { get; init; }

    public required IReadOnlyList<Cause> Causes { get; init; }

    /// <summary>What went wrong, in order, the first thousand; with <c>--all</c> also the first thousand of what did not.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>How many there were to list.</summary>
    public required long FindingsInAll { get; init; }

    /// <summary>How many of them are trouble.</summary>
    public required long TroubleInAll { get; init; }

    /// <summary>What limits all of this.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
