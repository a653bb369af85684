namespace StaleConnGuard.Cli;

/// <summary>One run of <c>staleconn proxy</c>, from the first line to the last.</summary>
internal static class ProxyRun
{
    public static async Task<int> RunAsync(ProxyArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            await using ProxyHost host = await ProxyHost.StartAsync(arguments, error, cancellationToken);
            foreach (string line in host.Describe())
            {
                await output.WriteLineAsync(line);
            }

            await output.FlushAsync(CancellationToken.None);
            Task running = host.RunUntilStoppedAsync(cancellationToken);
            await ProxyProgress.ShowAsync(host.Counters, running, error);
            await running;
            await output.WriteLineAsync($"Stopped. {host.Counters.Describe()}");
            return CommandLine.Done;
        }
        catch (CannotProxyException e)
        {
            await error.WriteLineAsync(e.Message);
            return e.ExitCode;
        }
    }
}
