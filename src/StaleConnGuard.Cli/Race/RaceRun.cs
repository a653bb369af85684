using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
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
            var header = new StringWriter();
            RaceHeader.Write(race, header);
            if (!arguments.Json)
            {
                await output.WriteAsync(header.ToString());
                await output.FlushAsync(cancellationToken);
            }

            // A file that cannot be written is told before the race, not after it.
            await using StreamWriter? picture = arguments.Svg is null ? null : new StreamWriter(arguments.Svg);
            var report = new RaceReport(race, await RunAsync(race, error, cancellationToken));
            Report(report, arguments.Json, output);
            if (picture is not null)
            {
                await picture.WriteAsync(RacePicture.Draw(report, header.ToString(), CommandLineOf(arguments)));
            }

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

    /// <summary>As somebody would type it, without what is about files.</summary>
    private static string CommandLineOf(RaceArguments arguments)
    {
        var line = new StringBuilder("staleconn race");
        _ = arguments.Server is { } server ? line.Append(CultureInfo.InvariantCulture, $" --server {server.GetLeftPart(UriPartial.Authority)}") : line;
        _ = arguments.Idle is { } idle ? line.Append(CultureInfo.InvariantCulture, $" --idle {Duration.Format(idle)}") : line;
        _ = arguments.Dying > 0 ? line.Append(CultureInfo.InvariantCulture, $" --dying {arguments.Dying}") : line;
        return line.ToString();
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
