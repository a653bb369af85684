using System.Text.RegularExpressions;

namespace StaleConnGuard.Measuring;

/// <summary>
/// Sections between <c>&lt;!-- name --&gt;</c> and <c>&lt;!-- /name --&gt;</c>. Result files mark what documents show; documents mark where. So
/// no figure is copied by hand.
/// </summary>
public static partial class MarkedSections
{
    /// <summary>Puts markers around a section.</summary>
    public static string Mark(string name, string text) => $"<!-- {name} -->\n{text.Trim('\n')}\n<!-- /{name} -->";

    /// <summary>The sections of a document, by name.</summary>
    public static IReadOnlyDictionary<string, string> Read(string document) =>
        Section().Matches(document).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["text"].Value, StringComparer.Ordinal);

    /// <summary>The document with these sections in place of its own; what <paramref name="sections"/> does not have stays.</summary>
    public static string Replace(string document, IReadOnlyDictionary<string, string> sections) =>
        Section().Replace(document, match => sections.TryGetValue(match.Groups["name"].Value, out string? text) ? Mark(match.Groups["name"].Value, text) : match.Value);

    [GeneratedRegex(@"^<!-- (?<name>[a-z][a-z0-9-]*) -->\n(?<text>.*?)\n<!-- /\k<name> -->$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Section();
}
