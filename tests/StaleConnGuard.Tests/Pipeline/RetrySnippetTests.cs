using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Polly;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Pipeline;

public partial class RetrySnippetTests
{
    private const string Document = "docs/retries.md";
    private const string Source = "tests/StaleConnGuard.Tests/Pipeline/RetrySnippets.cs";

    [Fact]
    public void Document_EveryCodeBlock_IsACompiledSnippet()
    {
        Dictionary<string, string> compiled = SnippetRegion().Matches(File.ReadAllText(Repository.PathOf(Source)))
            .ToDictionary(m => m.Groups["name"].Value, m => Dedent(m.Groups["code"].Value), StringComparer.Ordinal);
        string document = File.ReadAllText(Repository.PathOf(Document));

        Dictionary<string, string> shown = SnippetBlock().Matches(document).ToDictionary(m => m.Groups["name"].Value, m => Dedent(m.Groups["code"].Value), StringComparer.Ordinal);

        Regex.Count(document, "```csharp", RegexOptions.None, TimeSpan.FromSeconds(1)).ShouldBe(shown.Count);
        shown.Keys.Order(StringComparer.Ordinal).ShouldBe(compiled.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, string code) in shown)
        {
            code.ShouldBe(compiled[name], name);
        }
    }

    [Fact]
    public void Snippets_OfConfiguration_Work()
    {
        foreach (Action<IServiceCollection> snippet in (Action<IServiceCollection>[])[RetrySnippets.Configure, RetrySnippets.Buffer, RetrySnippets.Around, RetrySnippets.Beside])
        {
            var services = new ServiceCollection();
            snippet(services);
            using ServiceProvider provider = services.BuildServiceProvider();
            using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        }

        var builder = new ResiliencePipelineBuilder<HttpResponseMessage>();
        RetrySnippets.InsideResilienceHandler()(builder);
        builder.Build().ShouldNotBeNull();
    }

    private static string Dedent(string code)
    {
        string[] lines = code.Trim('\n').TrimEnd().Split('\n');
        int indent = lines.Where(l => l.Trim().Length > 0).Min(l => l.Length - l.TrimStart().Length);
        return string.Join('\n', lines.Select(l => l.Length > indent ? l[indent..].TrimEnd() : ""));
    }

    [GeneratedRegex(@"^ *// snippet: (?<name>[\w-]+)\n(?<code>.*?)^ *// end snippet$", RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SnippetRegion();

    [GeneratedRegex(@"^<!-- snippet: (?<name>[\w-]+) -->\n```csharp\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SnippetBlock();
}
