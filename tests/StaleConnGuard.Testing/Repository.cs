namespace StaleConnGuard.Testing;

/// <summary>The working tree that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder of the solution, found upwards from the test's own assembly: source paths in a deterministic build lead nowhere.</summary>
    public static string Root { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    /// <summary>With slashes, on every system.</summary>
    public static string RelativePathOf(string file) => Path.GetRelativePath(Root, file).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>It lies in a folder of what was built.</summary>
    public static bool IsBuilt(string file) => RelativePathOf(file).Split('/').Any(static part => part is "bin" or "obj" or "artifacts");

    private static string Find(DirectoryInfo? folder)
    {
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "StaleConnGuard.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No StaleConnGuard.sln above {AppContext.BaseDirectory}.");
    }
}
