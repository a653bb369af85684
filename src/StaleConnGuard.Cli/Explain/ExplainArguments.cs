using StaleConnGuard.Diagnosis;

namespace StaleConnGuard.Cli;

/// <summary>What <c>staleconn explain</c> was asked for.</summary>
/// <param name="Capture">The file, or "-" for the standard input.</param>
/// <param name="Filter">Which connections are looked at.</param>
/// <param name="All">Whether to list every connection, not trouble alone.</param>
/// <param name="Json">Whether the result is for a machine.</param>
/// <param name="Html">Where a page is to be written; null for none.</param>
/// <param name="RedactPaths">Whether paths are left out.</param>
internal sealed record ExplainArguments(string Capture, CaptureFilter Filter, bool All, bool Json, string? Html, bool RedactPaths)
{
    public bool IsLive => Capture == "-";
}
