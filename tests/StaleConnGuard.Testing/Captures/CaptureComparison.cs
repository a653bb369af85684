using StaleConnGuard.Diagnosis;

namespace StaleConnGuard.Testing;

/// <summary>What a capture was said to show, against the truth.</summary>
/// <param name="Spot">Where and how it was made.</param>
/// <param name="Explanation">What was said.</param>
/// <param name="Raced">How many requests raced, by the clients' own view.</param>
/// <param name="Found">How many were found to be in trouble.</param>
/// <param name="Missed">Raced and not found: ids, or as many question marks under TLS.</param>
/// <param name="Invented">Found and not raced.</param>
/// <param name="Wrong">Said to be proven undelivered, though the server counts an execution.</param>
/// <param name="Disagreed">Judged by the guard on its own connection from the kernel's numbers, and otherwise from the capture.</param>
/// <param name="Agreed">How many both judged alike.</param>
internal sealed record CaptureComparison(
    string Spot,
    Explanation Explanation,
    int Raced,
    int Found,
    IReadOnlyList<string> Missed,
    IReadOnlyList<string> Invented,
    IReadOnlyList<string> Wrong,
    IReadOnlyList<string> Disagreed,
    int Agreed);
