using System.Text.RegularExpressions;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Supply;

/// <summary>A warning that is switched off has its reason beside it, wherever that is done.</summary>
public partial class SuppressionTests
{
    private static readonly string[] s_kinds = ["*.cs", "*.csproj", "*.props", "*.targets", ".editorconfig", "*.globalconfig"];

    [Fact]
    public void Suppressions_EachHasAReason()
    {
        string[] files = [.. s_kinds.SelectMany(kind => Directory.EnumerateFiles(Repository.Root, kind, SearchOption.AllDirectories)).Where(IsSource)];
        files.Length.ShouldBeGreaterThan(400);
        string[] suppressing = [.. files.Where(file => Suppresses(File.ReadAllLines(file)))];

        suppressing.Length.ShouldBeGreaterThan(10);
        suppressing.SelectMany(file => WithoutReason(File.ReadAllLines(file)).Select(line => $"{Path.GetRelativePath(Repository.Root, file)}:{line}")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("#pragma warning disable CA1031 // Whatever it throws is an outcome.")]
    [InlineData("[SuppressMessage(\"Design\", \"CA1001\", Justification = \"It lives as long as the process.\")]")]
    [InlineData("<!-- Not every feed serves it. -->\n<NoWarn>$(NoWarn);NU1603</NoWarn>")]
    [InlineData("<!-- Obsolete there; called as a host of .NET 10 does. -->\n<WarningsNotAsErrors>X</WarningsNotAsErrors>\n<NoWarn>$(NoWarn);NU1603</NoWarn>")]
    [InlineData("# Tests own their disposables.\ndotnet_diagnostic.CA2000.severity = none\ndotnet_diagnostic.CA1001.severity = suggestion")]
    public void Suppression_WithAReason_IsLeftAlone(string text) => WithoutReason(text.Split('\n')).ShouldBeEmpty();

    [Theory]
    [InlineData("#pragma warning disable CA1031")]
    [InlineData("#pragma warning disable CA1031 //")]
    [InlineData("#pragma warning disable CA1031 // todo")]
    [InlineData("[SuppressMessage(\"Design\", \"CA1001\")]")]
    [InlineData("[UnconditionalSuppressMessage(\"Trimming\", \"IL2070\", Justification = \"\")]")]
    [InlineData("<PropertyGroup>\n<NoWarn>NU1603</NoWarn>")]
    [InlineData("<MSBuildWarningsAsMessages>MINVER1001</MSBuildWarningsAsMessages>")]
    [InlineData("[*.cs]\ndotnet_diagnostic.CA2000.severity = none")]
    [InlineData("# A reason that is not beside it.\n\ndotnet_diagnostic.CA2000.severity = none")]
    public void Suppression_WithoutAReason_IsFound(string text) => WithoutReason(text.Split('\n')).Count().ShouldBe(1);

    private static bool IsSource(string file) =>
        !Repository.RelativePathOf(file).Split('/').Any(part => part is "bin" or "obj" or "artifacts" or ".git" or "built" or "StrykerOutput")
        && !file.EndsWith("SuppressionTests.cs", StringComparison.Ordinal);

    private static bool Suppresses(string[] lines) => lines.Any(line => Pragma().IsMatch(line) || Attribute().IsMatch(line) || Property().IsMatch(line) || Severity().IsMatch(line));

    private static IEnumerable<string> WithoutReason(string[] lines)
    {
        for (int i = 0; i < lines.Length; i++)
        {
            bool hasReason = Reason(lines, i) is not string reason || reason.Trim().Split(' ').Length >= 3;
            if (!hasReason)
            {
                yield return $"{i + 1}: {lines[i].Trim()}";
            }
        }
    }

    /// <summary>What is said beside this line; null when it suppresses nothing.</summary>
    private static string? Reason(string[] lines, int index)
    {
        string line = lines[index];
        if (Pragma().Match(line) is { Success: true } pragma)
        {
            return pragma.Groups["reason"].Value;
        }

        if (Attribute().IsMatch(line))
        {
            return Justification().Match(line).Groups["reason"].Value;
        }

        return Property().IsMatch(line) || Severity().IsMatch(line) ? CommentAbove(lines, index) : null;
    }

    /// <summary>The comment over a run of such lines.</summary>
    private static string CommentAbove(string[] lines, int index)
    {
        do
        {
            index--;
        }
        while (index >= 0 && (Property().IsMatch(lines[index]) || Severity().IsMatch(lines[index])));
        string above = index < 0 ? "" : lines[index].Trim();
        return above.StartsWith('#') || above.EndsWith("-->", StringComparison.Ordinal) ? above.Trim('#', '<', '!', '-', '>', ' ') : "";
    }

    [GeneratedRegex(@"^\s*#pragma warning disable\b[^/]*(//(?<reason>.*))?", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pragma();

    [GeneratedRegex(@"\[[\w.]*SuppressMessage\(", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Attribute();

    [GeneratedRegex(@"Justification = ""(?<reason>[^""]*)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Justification();

    [GeneratedRegex("<(NoWarn|WarningsNotAsErrors|MSBuildWarningsAsMessages|NuGetAuditSuppress)\\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Property();

    [GeneratedRegex(@"^\s*dotnet_diagnostic\.\w+\.severity\s*=\s*(none|silent|suggestion)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Severity();
}
