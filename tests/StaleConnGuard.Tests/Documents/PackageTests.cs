using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Documents;

/// <summary>What somebody sees of a package in a gallery and in an editor, read from the packages as `dotnet pack -c Release -o artifacts/packages` makes them.</summary>
public sealed class PackageTests
{
    public static TheoryData<string> Packages { get; } = ["StaleConnGuard", "StaleConnGuard.AspNetCore", "StaleConnGuard.Resilience", "StaleConnGuard.Yarp", "staleconn"];

    public static TheoryData<string> Libraries { get; } = ["StaleConnGuard", "StaleConnGuard.AspNetCore", "StaleConnGuard.Resilience", "StaleConnGuard.Yarp"];

    /// <summary>A gallery resolves no relative link and shows HTML as text.</summary>
    [Fact]
    public void Readmes_OfPackages_StandOnTheirOwn()
    {
        string[] readmes = [.. Directory.EnumerateFiles(Repository.PathOf("src"), "README.md", SearchOption.AllDirectories).Select(file => Repository.RelativePathOf(file))];
        readmes.Length.ShouldBe(Packages.Count);
        foreach (string path in readmes)
        {
            Document readme = Document.Read(path);
            readme.Links().ShouldAllBe(link => link.Target.StartsWith("https://", StringComparison.Ordinal), path);
            readme.Links().ShouldContain(link => link.Target.StartsWith(Document.RepositoryUrl, StringComparison.Ordinal), path);
            readme.Lines.ShouldAllBe(line => !line.Text.Contains('<', StringComparison.Ordinal) || line.Text.Contains('`', StringComparison.Ordinal), path);
        }
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Package_InAGallery_HasAFace(string id)
    {
        using ZipArchive package = PackedFile.Open(id, "nupkg");
        XElement metadata = Read(package, $"{id}.nuspec").Root!.Elements().First();
        string? Value(string name) => metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;
        XElement? repository = metadata.Elements().FirstOrDefault(element => element.Name.LocalName == "repository");

        Value("projectUrl").ShouldBe(Document.RepositoryUrl);
        ((string?)repository?.Attribute("url")).ShouldBe(Document.RepositoryUrl);
        ((string?)repository?.Attribute("commit")).ShouldNotBeNullOrEmpty();
        Value("license").ShouldBe("MIT");
        Value("description")!.Length.ShouldBeInRange(60, 400);
        Value("tags")!.Split(' ').Length.ShouldBeInRange(5, 15);
        Value("releaseNotes").ShouldNotBeNull().ShouldContain("CHANGELOG.md");
        Value("releaseNotes")!.ShouldStartWith("## ");
        package.GetEntry(Value("readme")!).ShouldNotBeNull();
        using Stream icon = package.GetEntry(Value("icon")!).ShouldNotBeNull().Open();
        Span<byte> start = stackalloc byte[24];
        icon.ReadExactly(start);
        start[1..4].SequenceEqual("PNG"u8).ShouldBeTrue();
        start[16..24].SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0, 128, 0, 0, 0, 128]).ShouldBeTrue("128 pixels square");
    }

    /// <summary>Editors offer what the documentation file names; what is internal is not for users.</summary>
    [Theory]
    [MemberData(nameof(Libraries))]
    public void Documentation_InAPackage_IsOfPublicTypes(string id)
    {
        using ZipArchive package = PackedFile.Open(id, "nupkg");
        using var assembly = new MemoryStream();
        using (Stream packed = package.GetEntry($"lib/net10.0/{id}.dll").ShouldNotBeNull().Open())
        {
            packed.CopyTo(assembly);
        }

        assembly.Position = 0;
        using var file = new PEReader(assembly);
        MetadataReader reader = file.GetMetadataReader();
        string[] types = [.. reader.TypeDefinitions.Where(handle => IsVisible(reader, handle)).Select(handle => NameOf(reader, handle))];
        string[] documented = [.. Read(package, $"lib/net10.0/{id}.xml").Descendants("member").Select(member => (string)member.Attribute("name")!)];

        types.ShouldBe(types.Where(type => documented.Contains($"T:{type}", StringComparer.Ordinal)), "every public type has documentation");
        documented.Where(name => !types.Any(type => name == $"T:{type}" || name.IndexOf($":{type}.", StringComparison.Ordinal) == 1)).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Symbols_OfAPackage_ComeAlong(string id)
    {
        using ZipArchive symbols = PackedFile.Open(id, "snupkg");
        symbols.GetEntry($"lib/net10.0/{id}.pdb").ShouldNotBeNull();
    }

    private static bool IsVisible(MetadataReader reader, TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        System.Reflection.TypeAttributes visibility = type.Attributes & System.Reflection.TypeAttributes.VisibilityMask;
        return visibility == System.Reflection.TypeAttributes.Public
            || (visibility == System.Reflection.TypeAttributes.NestedPublic && IsVisible(reader, type.GetDeclaringType()) && !reader.GetString(type.Name).Contains('<', StringComparison.Ordinal));
    }

    private static string NameOf(MetadataReader reader, TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        return type.IsNested ? $"{NameOf(reader, type.GetDeclaringType())}.{reader.GetString(type.Name)}" : $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}".TrimStart('.');
    }

    private static XDocument Read(ZipArchive package, string name)
    {
        using Stream entry = package.GetEntry(name).ShouldNotBeNull(name).Open();
        return XDocument.Load(entry);
    }
}
