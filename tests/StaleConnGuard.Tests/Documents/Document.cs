using System.Text;
using System.Text.RegularExpressions;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Documents;

/// <summary>A Markdown file of the repository, as far as tests look at it: lines, headings, links, code blocks, tables.</summary>
internal sealed partial class Document
{
    /// <summary>Where links to this repository begin in files that are read elsewhere, such as the READMEs of packages.</summary>
    public static string RepositoryUrl { get; } = RepositoryProperty().Match(File.ReadAllText(Repository.PathOf("Directory.Build.props"))).Groups["url"].Value;

    private static readonly string[] s_branches = ["/blob/main/", "/tree/main/", "/raw/main/"];

    private Document(string path, string text)
    {
        Path = path;
        string? fence = null;
        var block = new StringBuilder();
        foreach ((int index, string line) in text.Split('\n').Index())
        {
            if (Fence().Match(line) is { Success: true } match)
            {
                if (fence is null)
                {
                    fence = match.Groups["language"].Value;
                    block.Clear();
                }
                else
                {
                    Blocks.Add((fence, block.ToString()));
                    fence = null;
                }
            }
            else if (fence is not null)
            {
                block.Append(line).Append('\n');
            }
            else
            {
                Lines.Add((index + 1, line));
            }
        }

        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (Match heading in Lines.Select(line => Heading().Match(line.Text)).Where(match => match.Success))
        {
            string anchor = AnchorOf(heading.Groups["title"].Value);
            int times = seen.GetValueOrDefault(anchor);
            seen[anchor] = times + 1;
            Anchors.Add(times == 0 ? anchor : $"{anchor}-{times}");
        }
    }

    /// <summary>All of the repository that people read.</summary>
    public static IReadOnlyList<Document> All { get; } =
    [
        .. Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Files(".github")).Concat(Files("docs")).Concat(Files("benchmarks/results"))
            .Concat(Directory.EnumerateDirectories(Repository.PathOf("src")).SelectMany(folder => Directory.EnumerateFiles(folder, "*.md")))
            .Order(StringComparer.Ordinal)
            .Select(file => Read(Repository.RelativePathOf(file))),
    ];

    /// <summary>Relative to the repository.</summary>
    public string Path { get; }

    /// <summary>What is no code, with line numbers.</summary>
    public List<(int Number, string Text)> Lines { get; } = [];

    /// <summary>The code, by language.</summary>
    public List<(string Language, string Code)> Blocks { get; } = [];

    /// <summary>What a link can point to in this file, as GitHub names it.</summary>
    public HashSet<string> Anchors { get; } = new(StringComparer.Ordinal);

    public static Document Read(string path) => new(path, File.ReadAllText(Repository.PathOf(path)).ReplaceLineEndings("\n"));

    public static Document Parse(string path, string text) => new(path, text);

    /// <summary>The lines that people write: not what stands between <c>&lt;!-- name --&gt;</c> and <c>&lt;!-- /name --&gt;</c>, which is copied from results.</summary>
    public IEnumerable<(int Number, string Text)> Prose()
    {
        string? section = null;
        foreach ((int number, string text) in Lines)
        {
            string name = Marker().Match(text).Groups["name"].Value;
            if (section is null && name.Length > 0 && Lines.Exists(line => line.Text == $"<!-- /{name} -->"))
            {
                section = $"/{name}";
            }
            else if (section is null)
            {
                yield return (number, text);
            }
            else if (name == section)
            {
                section = null;
            }
        }
    }

    /// <summary>Every link and picture of the text; what stands in code spans is none.</summary>
    public IEnumerable<(int Line, string Target)> Links() =>
        from line in Lines
        from Match match in Link().Matches(CodeSpan().Replace(line.Text, ""))
        select (line.Number, match.Groups["target"].Value);

    /// <summary>The links that lead to nothing in this repository.</summary>
    public IEnumerable<string> DeadLinks()
    {
        foreach ((int line, string target) in Links())
        {
            if (Resolve(target) is string wrong)
            {
                yield return $"{Path}:{line}: {target}: {wrong}";
            }
        }
    }

    /// <summary>The rows of every table whose first head cell matches: the cells, without the head.</summary>
    public IEnumerable<(Match Head, string[] Cells)> TableRows(Regex head)
    {
        Match? table = null;
        foreach ((int _, string text) in Lines)
        {
            if (!text.StartsWith('|'))
            {
                table = null;
                continue;
            }

            string[] cells = CellBorder().Split(text.Trim().Trim('|')).Select(cell => cell.Trim().Replace("\\|", "|", StringComparison.Ordinal)).ToArray();
            if (head.Match(cells[0]) is { Success: true } match && table is null)
            {
                table = match;
            }
            else if (table is not null && cells[0].Trim('-', ':').Length > 0)
            {
                yield return (table, cells);
            }
        }
    }

    /// <summary>The name GitHub gives a heading.</summary>
    public static string AnchorOf(string title)
    {
        string text = LinkText().Replace(title, "${text}").Trim();
        var anchor = new StringBuilder();
        foreach (char c in text)
        {
            if (char.IsLetterOrDigit(c) || c is '_' or '-')
            {
                anchor.Append(char.ToLowerInvariant(c));
            }
            else if (c == ' ')
            {
                anchor.Append('-');
            }
        }

        return anchor.ToString();
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.Exists(Repository.PathOf(folder)) ? Directory.EnumerateFiles(Repository.PathOf(folder), "*.md", SearchOption.AllDirectories).Where(file => !Repository.IsBuilt(file)) : [];

    private string? Resolve(string target)
    {
        string folder = System.IO.Path.GetDirectoryName(Path)!;
        string? own = s_branches.Select(branch => RepositoryUrl + branch).FirstOrDefault(prefix => target.StartsWith(prefix, StringComparison.Ordinal));
        if (own is not null)
        {
            target = target[own.Length..];
            folder = "";
        }
        else if (Scheme().IsMatch(target))
        {
            return null;
        }

        string[] parts = target.Split('#', 2);
        string path = parts[0].Length == 0 ? Path : Repository.RelativePathOf(System.IO.Path.GetFullPath(System.IO.Path.Combine(Repository.Root, folder, parts[0])));
        if (!File.Exists(Repository.PathOf(path)) && !Directory.Exists(Repository.PathOf(path)))
        {
            return "no such file";
        }

        if (parts.Length == 1)
        {
            return null;
        }

        Document there = path == Path ? this : Read(path);
        return there.Anchors.Contains(parts[1]) ? null : $"no such heading in {path}";
    }

    [GeneratedRegex("^ *(```|~~~)(?<language>[a-z]*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Fence();

    [GeneratedRegex("^#{1,6} +(?<title>.*?) *#*$", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Heading();

    // Also what a picture element refers to: <source srcset="…">, <img src="…">, <a href="…">.
    [GeneratedRegex("""\]\((?<target>[^)\s]+)[^)]*\)|^\[[^\]]+\]: (?<target>\S+)|\b(src|srcset|href)="(?<target>[^"]+)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Link();

    [GeneratedRegex("^<!-- (?<name>/?[a-z0-9-]+) -->$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Marker();

    [GeneratedRegex("`[^`]*`", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"\[(?<text>[^\]]*)\]\([^)]*\)", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex LinkText();

    [GeneratedRegex("^[a-z][a-z+.-]*:", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Scheme();

    [GeneratedRegex("<RepositoryUrl>(?<url>.*)</RepositoryUrl>", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex RepositoryProperty();

    [GeneratedRegex(@"(?<!\\)\|", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex CellBorder();
}
