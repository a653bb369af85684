namespace StaleConnGuard.Tests.Documents;

public class DocumentTests
{
    // What benchmarks write, and a changelog, which has one line for each entry.
    private static readonly string[] s_notWrapped = ["benchmarks/results/", "CHANGELOG.md"];

    private static readonly string[] s_form =
        ["## When you need it", "## How it works", "## Defaults", "## What you see in telemetry", "## Limits", "## Why"];

    [Fact]
    public void Links_OfEveryDocument_LeadSomewhere() => Document.All.SelectMany(document => document.DeadLinks()).ShouldBeEmpty();

    [Fact]
    public void Documents_AreFound_InAllPlaces()
    {
        string[] paths = [.. Document.All.Select(document => document.Path)];
        paths.ShouldContain("README.md");
        paths.ShouldContain("docs/keep-alive.md");
        paths.ShouldContain("docs/decisions/0029-rooms.md");
        paths.ShouldContain("src/StaleConnGuard.Yarp/README.md");
        Document.All.Sum(document => document.Links().Count()).ShouldBeGreaterThan(150);
    }

    /// <summary>A table has one line a row, and a link or a command may not be broken: these are as long as they are.</summary>
    [Fact]
    public void Lines_OfProse_AreShorterThan120Characters() =>
        Document.All.Where(document => !s_notWrapped.Any(path => document.Path.StartsWith(path, StringComparison.Ordinal)))
            .SelectMany(document => document.Prose().Where(line => line.Text.Length >= 120 && !line.Text.TrimStart().StartsWith('|') && line.Text.Trim().Contains(' ', StringComparison.Ordinal))
                .Select(line => $"{document.Path}:{line.Number}: {line.Text.Length} characters"))
            .ShouldBeEmpty();

    /// <summary>Whoever has read one of them knows where to look in the next.</summary>
    [Theory]
    [InlineData("architecture.md")]
    [InlineData("cli.md")]
    [InlineData("how-it-works.md")]
    [InlineData("http2-grpc.md")]
    [InlineData("keep-alive.md")]
    [InlineData("retries.md")]
    [InlineData("reverse-proxy.md")]
    [InlineData("sdks.md")]
    [InlineData("silent-drops.md")]
    [InlineData("systems.md")]
    [InlineData("telemetry.md")]
    [InlineData("troubleshooting.md")]
    public void Concepts_HaveOneForm(string page)
    {
        Document document = Document.Read($"docs/{page}");
        string[] lines = [.. document.Lines.Select(line => line.Text)];

        lines[0].ShouldStartWith("# ");
        lines.TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).Skip(1).ShouldContain(line => line.Length > 0, "what it is stands first");
        lines.Where(line => line.StartsWith("## ", StringComparison.Ordinal)).ShouldBe(s_form);
        foreach (string heading in s_form)
        {
            string next = lines.SkipWhile(line => line != heading).Skip(1).First(line => line.Trim().Length > 0);
            next.ShouldNotStartWith("## ", Case.Sensitive, $"{heading} is empty");
        }

        lines.SkipWhile(line => line != "## Defaults").TakeWhile(line => !line.StartsWith("## What", StringComparison.Ordinal))
            .ShouldContain(line => line.StartsWith('|'), "defaults are a table");
    }

    [Theory]
    [InlineData("`KeepAlive.Learn`: what, and why?", "keepalivelearn-what-and-why")]
    [InlineData("HTTP/2 and gRPC", "http2-and-grpc")]
    [InlineData("See [the page](page.md)", "see-the-page")]
    public void Anchors_AreNamed_AsGitHubDoes(string title, string anchor) => Document.AnchorOf(title).ShouldBe(anchor);

    [Theory]
    [InlineData("[a](docs/keep-alive.md)")]
    [InlineData("[a](docs/keep-alive.md#presets)")]
    [InlineData("[a](https://example.com/nowhere.md#x)")]
    [InlineData("[a](https://github.com/staleconnguard/staleconnguard/blob/main/docs/keep-alive.md#presets)")]
    [InlineData("[a](#here)\n\n## Here")]
    [InlineData("`[a](nowhere.md)`")]
    [InlineData("```\n[a](nowhere.md)\n```")]
    public void Links_ThatLeadSomewhere_AreLeftAlone(string text) => Document.Parse("README.md", text).DeadLinks().ShouldBeEmpty();

    [Theory]
    [InlineData("[a](docs/nowhere.md)")]
    [InlineData("[a](docs/keep-alive.md#nowhere)")]
    [InlineData("[a](https://github.com/staleconnguard/staleconnguard/blob/main/nowhere.md)")]
    [InlineData("[a](#there)\n\n```\n# There\n```")]
    [InlineData("""<img alt="x" src="nowhere.svg">""")]
    public void Links_ThatAreDead_AreFound(string text) => Document.Parse("README.md", text).DeadLinks().Count().ShouldBe(1);
}
