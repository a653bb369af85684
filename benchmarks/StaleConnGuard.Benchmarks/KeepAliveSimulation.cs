using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>keep-alive-simulation [--without-tcp-info] [hours] [seed]</c>: the table of docs/keep-alive.md.
/// </summary>
internal static class KeepAliveSimulation
{
    public static int Run(string[] args)
    {
        SimulatedClient client = args.Contains("--without-tcp-info") ? SimulatedClient.GuardWithoutTcpInfo : SimulatedClient.Guard;
        string[] numbers = [.. args.Where(arg => !arg.StartsWith('-'))];
        double hours = numbers.Length > 0 ? double.Parse(numbers[0]) : 24;
        int seed = numbers.Length > 1 ? int.Parse(numbers[1]) : 1;
        SimulationTable.Write(Console.Out, hours, seed, client);
        return 0;
    }
}
