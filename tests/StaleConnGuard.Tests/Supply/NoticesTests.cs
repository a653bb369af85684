using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Supply;

/// <summary>
/// <c>THIRD-PARTY-NOTICES.md</c> lists what comes along with each package, direct or not, with its licence, as the packages themselves say it. <c>WRITE_NOTICES=1</c> in the environment writes
/// it instead of comparing.
/// </summary>
public sealed class NoticesTests
{
    private static readonly string s_file = Repository.PathOf("THIRD-PARTY-NOTICES.md");

    // What may be combined with this library and used in any application without further ado.
    private static readonly string[] s_permissive = ["MIT", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause"];

    [Fact]
    public void Notices_ListEveryDependencyOfThePackages_WithItsLicence()
    {
        string notices = Write();
        if (Environment.GetEnvironmentVariable("WRITE_NOTICES") == "1")
        {
            File.WriteAllText(s_file, notices);
        }

        File.ReadAllText(s_file).ShouldBe(notices, "WRITE_NOTICES=1 writes it");
    }

    /// <summary>The tool passes one library on unchanged that is under the MPL 2.0, which asks to say where its source is: the list does.</summary>
    [Fact]
    public void Licences_ArePermissive() =>
        Dependencies().Where(dependency => !s_permissive.Contains(dependency.Licence, StringComparer.Ordinal)).Select(dependency => $"{dependency.UsedBy}: {dependency.Name} {dependency.Licence}")
            .ShouldBe(["StaleConnGuard.Cli: PacketDotNet MPL-2.0"]);

    private static string Write()
    {
        var text = new StringBuilder();
        text.Append("# Third-party notices\n\nThe packages of this repository contain no code of others. An application that uses them also gets these, from\ntheir own packages, in these or later versions. The command `staleconn` carries its own with it.\n\n");
        text.Append("| package | version | licence | project | used by |\n| --- | --- | --- | --- | --- |\n");
        foreach (IGrouping<(string Name, string Version), Dependency> group in Dependencies().GroupBy(dependency => (dependency.Name, dependency.Version)).OrderBy(group => group.Key.Name, StringComparer.Ordinal).ThenBy(group => group.Key.Version, StringComparer.Ordinal))
        {
            Dependency any = group.First();
            text.Append(CultureInfo.InvariantCulture, $"| {any.Name} | {any.Version} | {any.Licence} | {any.Project} | {string.Join(", ", group.Select(dependency => dependency.UsedBy).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))} |\n");
        }

        return text.ToString();
    }

    /// <summary>What each packed project was restored with, without what is for its build alone.</summary>
    private static IEnumerable<Dependency> Dependencies()
    {
        foreach (string project in Directory.EnumerateFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories).Where(file => File.ReadAllText(file).Contains("<IsPackable>true</IsPackable>", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using JsonDocument assets = JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(project)!, "obj", "project.assets.json")));
            string[] folders = [.. assets.RootElement.GetProperty("packageFolders").EnumerateObject().Select(folder => folder.Name)];
            string usedBy = Path.GetFileNameWithoutExtension(project);
            foreach (JsonProperty library in assets.RootElement.GetProperty("targets").EnumerateObject().First().Value.EnumerateObject())
            {
                bool isUsed = library.Value.GetProperty("type").GetString() == "package"
                    && ((library.Value.TryGetProperty("runtime", out JsonElement runtime) && runtime.EnumerateObject().Any(file => !file.Name.EndsWith("/_._", StringComparison.Ordinal))) || library.Value.TryGetProperty("runtimeTargets", out _));
                if (isUsed)
                {
                    string[] parts = library.Name.Split('/');
                    yield return Read(folders, parts[0], parts[1], usedBy);
                }
            }
        }
    }

    private static Dependency Read(string[] folders, string name, string version, string usedBy)
    {
        string nuspec = folders.Select(folder => Path.Combine(folder, name.ToLowerInvariant(), version.ToLowerInvariant(), $"{name.ToLowerInvariant()}.nuspec")).First(File.Exists);
        XElement metadata = XDocument.Load(nuspec).Root!.Elements().First(element => element.Name.LocalName == "metadata");
        string Value(string element) => metadata.Elements().FirstOrDefault(candidate => candidate.Name.LocalName == element)?.Value ?? "";
        XElement? licence = metadata.Elements().FirstOrDefault(element => element.Name.LocalName == "license");
        string said = (string?)licence?.Attribute("type") == "expression" ? licence!.Value : $"{licence?.Value}{Value("licenseUrl")}";
        string project = Value("projectUrl");
        return new Dependency(name, version, said, project.Length == 0 ? "" : $"<{project}>", usedBy);
    }

    private sealed record Dependency(string Name, string Version, string Licence, string Project, string UsedBy);
}
