using System.Diagnostics;
using System.Net.Sockets;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>One run of <c>staleconn race</c>, from the header to the result.</summary>
internal static class RaceRun
{
    public static async Task<int> RunAsync(RaceArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            await using PreparedRace race = arguments.Server is { } server
                ? await RacePreparation.AgainstAsync(server, arguments, error, cancellationToken)
                : RacePreparation.Embedded(arguments);
            if (!arguments.Json)
            {
                RaceHeader.Write(race, output);
            }

            TimeSpan took = await RunAsync(race, error, cancellationToken);
            Report(new RaceReport(race, took), arguments.Json, output);
            return CommandLine.Done;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandLine.Interrupted;
        }
        catch (Exception exception) when (exception is CannotRaceException or HttpRequestException or SocketException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"No race: {exception.Message.ReplaceLineEndings(" ")}");
            return CommandLine.CouldNot;
        }
    }

    private static async Task<TimeSpan> RunAsync(PreparedRace race, TextWriter error, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        Task running = RaceRunner.RunAsync(race.Entries, race.Settings, cancellationToken);
        await RaceProgress.ShowAsync(race, running, error);
        await running;
        return Stopwatch.GetElapsedTime(start);
    }

    private static void Report(RaceReport report, bool json, TextWriter output)
    {
        if (json)
        {
            output.WriteLine(report.ToJson());
            return;
        }

        RaceTable.Write(report, output);
    }
}
