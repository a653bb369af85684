using System.Globalization;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>http2-fuzz [cases] [seed]</c>: connections cut at random, some of them garbage, through the frame scanner.</summary>
internal static class Http2Fuzz
{
    public static int Run(string[] args)
    {
        long cases = args.Length > 0 ? long.Parse(args[0], CultureInfo.InvariantCulture) : 10_000_000;
        int seed = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : Environment.TickCount;
        string? failure = FrameScannerFuzz.Run(cases, seed);
        Console.WriteLine(failure ?? $"{cases:N0} cases of seed {seed}: the same frames however they were cut, and none behind what is odd.");
        return failure is null ? 0 : 1;
    }
}
