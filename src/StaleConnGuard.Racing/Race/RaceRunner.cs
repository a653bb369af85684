namespace StaleConnGuard.Racing;

/// <summary>Runs a race: all entries side by side, so that all meet the same machine in the same state.</summary>
public static class RaceRunner
{
    /// <summary>How the <c>X-Request-Id</c> of a request ends that warms up a connection and is not counted.</summary>
    public const string WarmUpSuffix = "-warm-up";

    /// <summary>Runs until every entry has sent its requests. The results are in the entries, while it runs as well.</summary>
    /// <exception cref="HttpRequestException">A server does not answer, outside the race as well.</exception>
    public static async Task RunAsync(IReadOnlyList<RaceEntry> entries, RaceSettings settings, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(settings);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        string run = Guid.NewGuid().ToString("N")[..8];
        List<Task> workers = [];
        for (int entry = 0; entry < entries.Count; entry++)
        {
            for (int worker = 0; worker < settings.Workers; worker++)
            {
                workers.Add(RunWorkerAsync(entries[entry], settings, worker, (double)entry / entries.Count, $"{run}-{entry}", stop));
            }
        }

        await Task.WhenAll(workers);
    }

    private static async Task RunWorkerAsync(RaceEntry entry, RaceSettings settings, int number, double shift, string idPrefix, CancellationTokenSource stop)
    {
        // The first workers send one more when the requests cannot be shared out evenly.
        int requests = (settings.Requests / settings.Workers) + (number < settings.Requests % settings.Workers ? 1 : 0);
        using var worker = new RaceWorker(entry, settings, number, shift);
        try
        {
            await worker.RunAsync(requests, idPrefix, stop.Token);
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }
}
