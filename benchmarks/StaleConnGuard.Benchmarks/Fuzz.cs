using System.Globalization;
using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>fuzz [SECONDS] [SEED] [TARGET]</c>: each target of the fuzzer for so long, 30 s if nothing is said.</summary>
internal static class Fuzz
{
    public static int Run(string[] args)
    {
        int seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 30;
        int seed = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
        var table = new MarkdownTable(" target", "seconds", "seed", "inputs", "ways of reading", "longest, ms", "findings");
        int findings = 0;
        foreach (FuzzTarget target in FuzzTargets.All.Where(target => args.Length < 3 || target.Name == args[2]))
        {
            var driver = new FuzzDriver(target, seed);
            int found = 0;
            try
            {
                driver.Run(TimeSpan.FromSeconds(seconds));
            }
            catch (InvalidOperationException e)
            {
                found = 1;
                Console.Error.WriteLine(e.Message);
            }

            findings += found;
            table.Add(target.Name, Text(seconds), Text(seed), driver.Inputs.ToString("N0", CultureInfo.InvariantCulture), Text(driver.Kinds), driver.Longest.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture), Text(found));
        }

        Console.WriteLine(table);
        return findings == 0 ? 0 : 1;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
