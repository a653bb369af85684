using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>The folder of the committed results.</summary>
internal static class Results
{
    public static string Folder { get; } = Repository.PathOf("benchmarks/results");

    public static ResultOptions Options(string[] args) => ResultOptions.Parse(args, Folder);
}
