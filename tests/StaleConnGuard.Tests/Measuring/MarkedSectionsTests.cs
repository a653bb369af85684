using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Measuring;

public sealed class MarkedSectionsTests
{
    [Fact]
    public void Replace_SectionKnown_PutsItInPlaceAndNothingElse()
    {
        const string Document = "# A\n\n<!-- one -->\nold\nold\n<!-- /one -->\n\ntext\n\n<!-- two -->\nstays\n<!-- /two -->\n";

        string replaced = MarkedSections.Replace(Document, new Dictionary<string, string> { ["one"] = "| new $1 |", ["three"] = "nowhere" });

        replaced.ShouldBe("# A\n\n<!-- one -->\n| new $1 |\n<!-- /one -->\n\ntext\n\n<!-- two -->\nstays\n<!-- /two -->\n");
    }

    [Fact]
    public void Read_WhatMarkWrote_IsTheSame() =>
        MarkedSections.Read("before\n" + MarkedSections.Mark("a-b", "x\n\ny") + "\nafter").ShouldHaveSingleItem().ShouldBe(new KeyValuePair<string, string>("a-b", "x\n\ny"));

    [Fact]
    public void Read_MarkersThatDoNotMatch_FindsNothing() => MarkedSections.Read("<!-- a -->\nx\n<!-- /b -->\n").ShouldBeEmpty();

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/performance.md")]
    [InlineData("docs/reverse-proxy.md")]
    [InlineData("docs/retries.md")]
    public void Documents_WhatTheyShow_IsWhatTheResultsSay(string document)
    {
        Dictionary<string, string> results = Directory.EnumerateFiles(Repository.PathOf("benchmarks/results"), "*.md")
            .SelectMany(file => MarkedSections.Read(File.ReadAllText(file)))
            .ToDictionary(StringComparer.Ordinal);

        foreach ((string name, string text) in MarkedSections.Read(File.ReadAllText(Repository.PathOf(document))))
        {
            if (results.TryGetValue(name, out string? measured))
            {
                text.ShouldBe(measured, $"{name}: run `benchmarks/run`, or its last step `documents`");
            }
        }
    }
}
