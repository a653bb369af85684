using System.Diagnostics;
using Spectre.Console;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>Shows how far the race is: live on a terminal, otherwise a plain line now and then. Goes to the error output, so that results stay clean.</summary>
internal static class RaceProgress
{
    public static Task ShowAsync(PreparedRace race, Task running, TextWriter error) =>
        Display.ShowAsync(error, live => ShowLiveAsync(race, running, live), () => WriteLinesAsync(race, running, error));

    private static Task ShowLiveAsync(PreparedRace race, Task running, Progress live) => live
        .HideCompleted(false)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
        .StartAsync(async context =>
        {
            var bars = race.Entries.GroupBy(entry => entry.Contender.Name, StringComparer.Ordinal)
                .Select(entries => (Entries: entries.ToArray(), Bar: context.AddTask(entries.Key, maxValue: entries.Count() * race.Settings.Requests)))
                .ToArray();
            bool isDone;
            do
            {
                isDone = await Display.IsDoneWithinAsync(running, Display.LiveInterval);
                foreach ((RaceEntry[] entries, ProgressTask bar) in bars)
                {
                    (int sent, int raced, int failed) = Sum(entries);
                    bar.Value = sent;
                    bar.Description = $"{entries[0].Contender.Name,-28} raced {raced,5}  failed {Red(failed)}";
                }

                context.Refresh();
            }
            while (!isDone);
        });

    private static async Task WriteLinesAsync(PreparedRace race, Task running, TextWriter error)
    {
        long start = Stopwatch.GetTimestamp();
        int all = race.Entries.Count * race.Settings.Requests;
        while (!await Display.IsDoneWithinAsync(running, Display.LineInterval))
        {
            (int sent, int raced, int failed) = Sum(race.Entries);
            await error.WriteLineAsync($"{Stopwatch.GetElapsedTime(start).TotalSeconds,4:0} s  {sent} of {all} requests sent, {raced} raced, {failed} failed");
        }
    }

    private static string Red(int failed) => failed > 0 ? $"[red]{failed,5}[/]" : $"{failed,5}";

    private static (int Sent, int Raced, int Failed) Sum(IEnumerable<RaceEntry> entries)
    {
        RaceTally[] tallies = [.. entries.Select(entry => entry.Tally())];
        return (tallies.Sum(tally => tally.Requests), tallies.Sum(tally => tally.Raced), tallies.Sum(tally => tally.Failed));
    }
}
