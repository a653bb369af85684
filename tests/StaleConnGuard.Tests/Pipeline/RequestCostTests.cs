using System.Diagnostics;
using System.Globalization;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Pipeline;

/// <summary>
/// The regression gate: what guard and retries add to a request that succeeds may not grow unnoticed. Measured by the benchmark program in its
/// Release build, because the compiler makes other code for a Debug build; bytes to the byte, times with twice what was measured.
/// Who makes it dearer on purpose changes the numbers here and in <c>benchmarks/results</c>.
/// </summary>
[Collection(nameof(AloneOnTheHeap))]
public class RequestCostTests(ITestOutputHelper output)
{
    private const string Program = "benchmarks/StaleConnGuard.Benchmarks/bin/Release/net10.0/StaleConnGuard.Benchmarks.dll";
    private const string Together = "guard and retries, defaults";
    private const string Apart = "guard and retries, a handler of the application between";

    // A process that got no processor for some of it measures that; what has grown has so each time.
    private const int MostMeasurements = 4;

    // Below, request, chain; bytes added, and time as a multiple of the bare handler's. The runtime allocates a little by the way when it yields.
    private static readonly (string Case, double MaxBytes, double MaxRatio)[] s_limits =
    [
        ($"AnswersAtOnce\tBare\t{Together}", 224, 22),
        ($"AnswersAtOnce\tBare\t{Apart}", 224, 20),
        ($"AnswersAtOnce\tWithHeaders\t{Together}", 176, 7),
        ($"AnswersAtOnce\tWithHeaders\t{Apart}", 176, 6),
        ($"AnswersAtOnce\tPost\t{Together}", 176, 6),
        ($"AnswersAtOnce\tPost\t{Apart}", 176, 6),
        ($"Yields\tBare\t{Together}", 560, 12),
        ($"Yields\tBare\t{Apart}", 560, 12),
        ($"Yields\tWithHeaders\t{Together}", 512, 12),
        ($"Yields\tWithHeaders\t{Apart}", 512, 12),
        ($"Yields\tPost\t{Together}", 512, 12),
        ($"Yields\tPost\t{Apart}", 512, 12),
        ($"Connection\tBare\t{Together}", 296, 5),
        ($"Connection\tBare\t{Apart}", 296, 5),
        ($"Connection\tWithHeaders\t{Together}", 248, 4),
        ($"Connection\tWithHeaders\t{Apart}", 248, 4),
        ($"Connection\tPost\t{Together}", 248, 4),
        ($"Connection\tPost\t{Apart}", 248, 4),
    ];

    [Fact]
    public async Task Request_ThatSucceeds_CostsNoMoreThanItDid()
    {
        string program = Repository.PathOf(Program);
        Requirement.MetOrSkip(File.Exists(program), "no Release build of the benchmarks: dotnet build benchmarks/StaleConnGuard.Benchmarks -c Release");
        Requirement.MetOrSkip(IsUpToDate(program), "the Release build of the benchmarks is older than the sources: dotnet build benchmarks/StaleConnGuard.Benchmarks -c Release");

        string[] grown;
        int measurements = 0;
        do
        {
            grown = Grown(await MeasureAsync(program));
        }
        while (grown.Length > 0 && ++measurements < MostMeasurements);

        grown.ShouldBeEmpty();
    }

    private static string[] Grown(Dictionary<string, (double Bytes, double Ratio)> measured)
    {
        measured.Keys.ShouldBe(s_limits.Select(limit => limit.Case), ignoreOrder: true);
        return
        [
            .. from limit in s_limits
               let now = measured[limit.Case]
               where now.Bytes > limit.MaxBytes + 0.5 || now.Ratio > limit.MaxRatio
               select FormattableString.Invariant($"{limit.Case}: {now.Bytes:0.0} B of {limit.MaxBytes}, {now.Ratio:0.00} times of {limit.MaxRatio}"),
        ];
    }

    private static bool IsUpToDate(string program)
    {
        DateTime built = File.GetLastWriteTimeUtc(Path.Combine(Path.GetDirectoryName(program)!, "StaleConnGuard.dll"));
        return new DirectoryInfo(Repository.PathOf("src/StaleConnGuard"))
            .EnumerateFiles("*.cs", SearchOption.AllDirectories)
            .Where(file => !file.FullName.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .All(file => file.LastWriteTimeUtc <= built);
    }

    private async Task<Dictionary<string, (double Bytes, double Ratio)>> MeasureAsync(string program)
    {
        var start = new ProcessStartInfo("dotnet", [program, "overhead", "--gate"]) { RedirectStandardOutput = true, UseShellExecute = false };

        // All code is optimised at once, so that a busy machine cannot leave some of it half done.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        using Process process = Process.Start(start)!;
        string text = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        output.WriteLine(text);
        process.ExitCode.ShouldBe(0);

        var measured = new Dictionary<string, (double, double)>(StringComparer.Ordinal);
        foreach (string[] line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => line.Split('\t')))
        {
            measured[$"{line[0]}\t{line[1]}\t{line[2]}"] = (double.Parse(line[3], CultureInfo.InvariantCulture), double.Parse(line[4], CultureInfo.InvariantCulture));
        }

        return measured;
    }
}
