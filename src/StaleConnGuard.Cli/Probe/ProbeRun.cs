namespace StaleConnGuard.Cli;

/// <summary>One run of <c>staleconn probe</c>.</summary>
internal static class ProbeRun
{
    public static async Task<int> RunAsync(ProbeArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            var session = new ProbeSession(arguments);
            Task<ProbeReport> running = session.RunAsync(cancellationToken);
            await ProbeProgress.ShowAsync(session, running, error);
            ProbeReport report = await running;
            if (arguments.Json)
            {
                await output.WriteLineAsync(ProbeJson.Write(report));
            }
            else
            {
                ProbeText.Write(report, output);
            }

            return CommandLine.Done;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandLine.Interrupted;
        }
        catch (CannotProbeException exception)
        {
            await error.WriteLineAsync($"{arguments.Address}: {exception.Message}");
            return CommandLine.BadArguments;
        }
    }
}
