using System.Text.RegularExpressions;

namespace StaleConnGuard.Testing;

/// <summary>
/// Compares the code blocks of a document with regions of a source file that is compiled: <c>// snippet: name</c> to
/// <c>// end snippet</c> there, <c>&lt;!-- snippet: name --&gt;</c> before the block here.
/// </summary>
public static partial class DocumentSnippets
{
    /// <summary>Every difference: a block without a region, a region without a block, other code, a block without a name.</summary>
    public static IReadOnlyList<string> Differences(string document, string source)
    {
        Dictionary<string, string> shown = Read(Block(), document);
        Dictionary<string, string> compiled = Read(Region(), source);
        var differences = new List<string>();
        foreach (string name in shown.Keys.Union(compiled.Keys, StringComparer.Ordinal))
        {
            if (shown.GetValueOrDefault(name) != compiled.GetValueOrDefault(name))
            {
                differences.Add($"{name}:\n{shown.GetValueOrDefault(name)}\n---\n{compiled.GetValueOrDefault(name)}");
            }
        }

        if (document.Split("```csharp").Length - 1 != shown.Count)
        {
            differences.Add("A block of C# has no name.");
        }

        return differences;
    }

    private static Dictionary<string, string> Read(Regex regex, string text) =>
        regex.Matches(text).ToDictionary(match => match.Groups["name"].Value, match => Dedent(match.Groups["code"].Value), StringComparer.Ordinal);

    private static string Dedent(string code)
    {
        string[] lines = code.Trim('\n').TrimEnd().Split('\n');
        int indent = lines.Where(line => line.Trim().Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length > indent ? line[indent..].TrimEnd() : ""));
    }

    [GeneratedRegex("""^ *// snippet: (?<name>[\w-]+)\n(?<code>.*?)^ *// end snippet$""", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Region();

    [GeneratedRegex("""^<!-- snippet: (?<name>[\w-]+) -->\n```csharp\n(?<code>.*?)^```$""", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Block();
}
