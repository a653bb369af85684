using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using StaleConnGuard.Testing;
using StaleConnGuard.Tests.Documents;

namespace StaleConnGuard.Tests.Supply;

/// <summary>What is in the packages as <c>dotnet pack -c Release -o artifacts/packages</c> makes them: no more and no less than is meant to be, built so that anybody can build it again.</summary>
public sealed class PackageContentTests
{
    // The kinds of custom debug information, as the compiler writes them (Portable PDB format).
    private static readonly Guid s_sourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");

    public static TheoryData<string> Libraries => PackageTests.Libraries;

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Package_HoldsWhatIsMeantToBeInIt(string id)
    {
        using ZipArchive package = PackedFile.Open(id, "nupkg");
        string[] files = [.. package.Entries.Select(entry => entry.FullName).Where(name => !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal))];

        files.ShouldBe(["[Content_Types].xml", "README.md", $"{id}.nuspec", "icon.png", $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"], ignoreOrder: true);
    }

    /// <summary>No path of the machine that built it, and every source to be had: from the repository, at the commit, or within the symbols.</summary>
    [Theory]
    [MemberData(nameof(Libraries))]
    public void Symbols_LeadToTheSourcesOfTheCommit(string id)
    {
        using ZipArchive symbols = PackedFile.Open(id, "snupkg");
        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbStream(Copy(symbols, $"lib/net10.0/{id}.pdb"));
        MetadataReader reader = provider.GetMetadataReader();
        string[] documents = [.. reader.Documents.Select(handle => reader.GetString(reader.GetDocument(handle).Name))];
        byte[] link = reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation).Where(info => reader.GetGuid(info.Kind) == s_sourceLink)
            .Select(info => reader.GetBlobBytes(info.Value)).ShouldHaveSingleItem();
        using JsonDocument map = JsonDocument.Parse(Encoding.UTF8.GetString(link));

        documents.Length.ShouldBeGreaterThan(3);
        JsonProperty[] mapped = [.. map.RootElement.GetProperty("documents").EnumerateObject()];
        mapped.ShouldHaveSingleItem().Value.GetString()!.ShouldStartWith("https://");
        string root = mapped[0].Name.TrimEnd('*');
        documents.ShouldAllBe(document => document.StartsWith(root, StringComparison.Ordinal));

        // A build of continuous integration has no path of its machine in it.
        Requirement.MetOrSkip(root == "/_/", "These packages were not made with CI=true.");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Assembly_IsDeterministic_AndItsSymbolsAreItsOwn(string id)
    {
        using ZipArchive package = PackedFile.Open(id, "nupkg");
        using ZipArchive symbols = PackedFile.Open(id, "snupkg");
        using var assembly = new PEReader(Copy(package, $"lib/net10.0/{id}.dll"));
        System.Collections.Immutable.ImmutableArray<DebugDirectoryEntry> entries = assembly.ReadDebugDirectory();
        entries.ShouldContain(entry => entry.Type == DebugDirectoryEntryType.Reproducible);
        CodeViewDebugDirectoryData expected = assembly.ReadCodeViewDebugDirectoryData(entries.Single(entry => entry.Type == DebugDirectoryEntryType.CodeView));
        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbStream(Copy(symbols, $"lib/net10.0/{id}.pdb"));
        ReadOnlySpan<byte> pdb = [.. provider.GetMetadataReader().DebugMetadataHeader!.Id];

        new Guid(pdb[..16]).ShouldBe(expected.Guid);
        Path.GetFileName(expected.Path).ShouldBe($"{id}.pdb");
    }

    /// <summary>What SourceLink and the analyzers bring along is for the build; an application gets none of it.</summary>
    [Theory]
    [MemberData(nameof(Libraries))]
    public void Dependencies_AreThoseOfTheProjectAlone(string id)
    {
        using ZipArchive package = PackedFile.Open(id, "nupkg");
        using var nuspec = new StreamReader(Copy(package, $"{id}.nuspec"));
        string[] dependencies = [.. Regex.Matches(nuspec.ReadToEnd(), "<dependency id=\"(?<id>[^\"]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Select(match => match.Groups["id"].Value)];

        dependencies.ShouldBeSubsetOf(["StaleConnGuard", "Microsoft.Extensions.Http", "Microsoft.Extensions.Options.ConfigurationExtensions", "Microsoft.Extensions.Http.Resilience", "Polly.Core", "Yarp.ReverseProxy"]);
        dependencies.ShouldBeUnique();
    }

    private static MemoryStream Copy(ZipArchive package, string name)
    {
        var copy = new MemoryStream();
        using Stream entry = package.GetEntry(name).ShouldNotBeNull(name).Open();
        entry.CopyTo(copy);
        copy.Position = 0;
        return copy;
    }
}
