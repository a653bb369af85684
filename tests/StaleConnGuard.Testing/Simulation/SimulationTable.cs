using System.Globalization;

namespace StaleConnGuard.Testing;

/// <summary>Every server model under every kind of traffic, as Markdown: a line for each pair, then one for each server.</summary>
public static class SimulationTable
{
    private const string Numbers = "stale hits without the guard | until learned | afterwards | met a restart | connections opened | oracle | more than the oracle | oracle with the whole margin |";

    public static void Write(TextWriter output, double hours, int seed, SimulatedClient client)
    {
        output.WriteLine($"| server | traffic | requests | learned in the end | to follow a change | {Numbers}");
        output.WriteLine("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        var runs = new List<Run>();
        foreach (ServerModel server in ServerModels.All)
        {
            foreach (Traffic traffic in Traffic.All)
            {
                var run = new Run(
                    ClientSimulation.Run(server, traffic, hours, seed, client),
                    ClientSimulation.Run(server, traffic, hours, seed, SimulatedClient.Oracle),
                    ClientSimulation.Run(server, traffic, hours, seed, SimulatedClient.OracleWithMargin),
                    ClientSimulation.Run(server, traffic, hours, seed, SimulatedClient.Plain));
                runs.Add(run);
                output.WriteLine(Line(run));
                output.Flush();
            }
        }

        output.WriteLine();
        output.WriteLine($"| server, all traffic together | most in one run until learned | longest to follow a change | {Numbers}");
        output.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (IGrouping<ServerModel, Run> server in runs.GroupBy(run => run.Guard.Server))
        {
            output.WriteLine(Summary(server.Key, [.. server]));
        }
    }

    private static string Line(Run run)
    {
        string learned = run.Guard.Learned is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s") : "–";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {run.Guard.Server.Name} | {run.Guard.Traffic.Name} | {run.Guard.Requests} | {learned} | {Followed([run])} | {Columns([run])}");
    }

    private static string Summary(ServerModel server, Run[] runs)
    {
        return $"| {server.Name} | {runs.Max(run => run.Guard.StaleUntilLearned)} | {Followed(runs)} | {Columns(runs)}";
    }

    private static string Followed(Run[] runs)
    {
        if (runs[0].Guard.Server.Changes.Count == 0)
        {
            return "–";
        }

        string never = runs.Any(run => run.Guard.NeverFollowed) ? " (last one not noticed)" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{runs.Max(run => run.Guard.LongestWrong) / 60:0.0} min{never}");
    }

    private static string Columns(Run[] runs)
    {
        long opened = runs.Sum(run => run.Guard.Opened);
        long oracle = runs.Sum(run => run.Oracle.Opened);
        double more = oracle == 0 ? 0 : 100.0 * (opened - oracle) / oracle;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{runs.Sum(run => run.Plain.StaleUntilLearned + run.Plain.StaleAfterwards)} | {runs.Sum(run => run.Guard.StaleUntilLearned)} | {runs.Sum(run => run.Guard.StaleAfterwards)} | {runs.Sum(run => run.Guard.StaleByRestart)} | {opened} | {oracle} | {more:+0.0;-0.0;0.0} % | {runs.Sum(run => run.OracleWithMargin.Opened)} |");
    }

    private sealed record Run(SimulationResult Guard, SimulationResult Oracle, SimulationResult OracleWithMargin, SimulationResult Plain);
}
