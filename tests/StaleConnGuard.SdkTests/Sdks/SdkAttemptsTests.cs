using StaleConnGuard.Testing;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>The attempts that docs/sdks.md shows are those that are counted here.</summary>
public class SdkAttemptsTests
{
    private const string Begin = "<!-- sdk-attempts -->\n";
    private const string End = "\n<!-- /sdk-attempts -->";

    /// <summary>With <c>WRITE_SDK_ATTEMPTS=1</c> in the environment the table is written instead of compared.</summary>
    [Fact]
    public async Task Table_OfThePage_IsWhatIsCounted()
    {
        string path = Repository.PathOf("docs/sdks.md");
        string page = await File.ReadAllTextAsync(path);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = page.IndexOf(End, StringComparison.Ordinal);
        string counted = await SdkAttempts.TableAsync();
        if (Environment.GetEnvironmentVariable("WRITE_SDK_ATTEMPTS") == "1")
        {
            await File.WriteAllTextAsync(path, string.Concat(page.AsSpan(0, begin), counted, page.AsSpan(end)));
            return;
        }

        page[begin..end].ShouldBe(counted);
    }
}
