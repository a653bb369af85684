using System.Diagnostics;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>keep-alive-fuzz [inputs] [seed]</c>: the reader of the Keep-Alive header against a reference, on invented values; then the measured margin against one, on what a thousandth
/// as many invented servers do.
/// </summary>
internal static class KeepAliveFuzz
{
    public static int Run(string[] args)
    {
        long inputs = args.Length > 0 ? long.Parse(args[0]) : 10_000_000;
        int seed = args.Length > 1 ? int.Parse(args[1]) : 1;
        return ReadHeaders(inputs, seed) && MeasureMargins(inputs / 1000, seed) ? 0 : 1;
    }

    private static bool ReadHeaders(long inputs, int seed)
    {
        var values = new KeepAliveValues(seed);
        var watch = Stopwatch.StartNew();
        long understood = 0;
        long characters = 0;
        int longest = 0;
        for (long i = 0; i < inputs; i++)
        {
            string value = values.Next();
            characters += value.Length;
            longest = Math.Max(longest, value.Length);
            if (KeepAliveReference.Complaint(value) is { } complaint)
            {
                Console.Error.WriteLine($"Input {i} of seed {seed}, {value.Length} characters: {complaint}: {value}");
                return false;
            }

            understood += KeepAliveHeader.TryParse(value, out _) ? 1 : 0;
        }

        Console.WriteLine($"{inputs} inputs, seed {seed}: {characters} characters, the longest {longest}; {understood} hold a timeout; 0 exceptions, 0 differences from the reference; {watch.Elapsed.TotalSeconds:0} s.");
        return true;
    }

    private static bool MeasureMargins(long servers, int seed)
    {
        var watch = Stopwatch.StartNew();
        var fuzz = new MarginFuzz(seed);
        for (long i = 0; i < servers; i++)
        {
            if (fuzz.Server() is { } complaint)
            {
                Console.Error.WriteLine($"Server {i} of seed {seed}: {complaint}");
                return false;
            }
        }

        Console.WriteLine($"{servers} servers, seed {seed}: {fuzz.Observations} observations, after {fuzz.Given} of them a margin; 0 differences from the reference; {watch.Elapsed.TotalSeconds:0} s.");
        return true;
    }
}
