using System.IO.Compression;
using System.Text.RegularExpressions;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Documents;

/// <summary>What <c>dotnet pack</c> has made.</summary>
internal static class PackedFile
{
    private static readonly string s_folder = Repository.PathOf("artifacts/packages");

    /// <summary>The newest package with this id; skips the test when there is none.</summary>
    public static ZipArchive Open(string id, string extension)
    {
        var name = new Regex($@"^{Regex.Escape(id)}\.\d[^/]*\.{extension}$", RegexOptions.None, TimeSpan.FromSeconds(1));
        string? newest = Directory.Exists(s_folder)
            ? Directory.EnumerateFiles(s_folder).Where(file => name.IsMatch(Path.GetFileName(file))).OrderByDescending(File.GetLastWriteTimeUtc).FirstOrDefault()
            : null;
        Requirement.MetOrSkip(newest is not null, $"There is no {id} in artifacts/packages: dotnet pack -c Release -o artifacts/packages");
        return ZipFile.OpenRead(newest!);
    }
}
