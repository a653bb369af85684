using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

public partial class KeepAliveDocumentTests
{
    private static readonly string s_document = File.ReadAllText(Repository.PathOf("docs/keep-alive.md"));

    [Fact]
    public void Document_EveryCodeBlock_IsACompiledSnippet() => DocumentSnippets.Differences(
        s_document, File.ReadAllText(Repository.PathOf("tests/StaleConnGuard.Tests/ServerTimeouts/KeepAliveSnippets.cs"))).ShouldBeEmpty();

    [Fact]
    public void Snippets_OfConfiguration_Work()
    {
        foreach (Action<IServiceCollection> snippet in (Action<IServiceCollection>[])[KeepAliveSnippets.Configure, KeepAliveSnippets.Origins, services => KeepAliveSnippets.FromConfiguration(services, Configuration())])
        {
            var services = new ServiceCollection();
            services.AddHttpClient("orders");
            snippet(services);
            using ServiceProvider provider = services.BuildServiceProvider();
            using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
            KeepAliveSnippets.Page(provider).ShouldNotBeNull();
        }
    }

    [Fact]
    public void Configuration_AsShown_IsRead()
    {
        var options = new StaleConnGuardOptions();
        StaleConnGuardConfiguration.Apply(Configuration().GetSection("StaleConnGuard"), "orders", options);
        options.KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(60));
        options.KeepAlive.Margin.ShouldBe(TimeSpan.FromSeconds(2));
        options.KeepAlive.Origins["https://api.example.com:8443"].ServerTimeout.ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Presets_AsShown_AreThoseInTheCode()
    {
        string[] shown = [.. PresetRow().Matches(s_document).Select(match => match.Value)];
        shown.ShouldBe(KnownServerTimeouts.All.Select(known => string.Create(
            CultureInfo.InvariantCulture,
            $"| `{known.Name}` | {known.Timeout.TotalSeconds} s | {(known.Advertises ? "yes" : "no")} | {(known.ClosesSilently ? "**silently**" : "with a sign")} |")));
    }

    private static IConfiguration Configuration()
    {
        string json = JsonBlock().Match(s_document).Groups["json"].Value;
        return new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build();
    }

    [GeneratedRegex(@"```json\n(?<json>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex JsonBlock();

    [GeneratedRegex(@"^\| `\w+` \| [\d.]+ s \| (yes|no) \| (\*\*silently\*\*|with a sign) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex PresetRow();
}
