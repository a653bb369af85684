using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Architecture;

/// <summary>The generator of log messages writes its classes in an order that differs from build to build, so that nobody could build the same package again.</summary>
public class LogMessageTests
{
    [Fact]
    public void LogMessages_AreInOneClassOfEachProject()
    {
        string[] projects = [.. Directory.EnumerateDirectories(Repository.PathOf("src"))];
        projects.ShouldNotBeEmpty();
        foreach (string project in projects)
        {
            string[] with = [.. Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories)
                .Where(static file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
                .Where(static file => File.ReadAllText(file).Contains("[LoggerMessage(", StringComparison.Ordinal))];
            with.Length.ShouldBeLessThanOrEqualTo(1, string.Join(", ", with));
        }
    }
}
