using System.Diagnostics;
using System.Net.Sockets;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>One run of <c>staleconn race --through</c>: a proxy that is there, between aimed requests and an embedded upstream.</summary>
internal static class ThroughRun
{
    // Always the same, so that a proxy can be set up once.
    private const int UpstreamPort = 8080;
    private const int Slot = 0;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_patienceWithPort = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(250);

    public static async Task<int> RunAsync(ThroughArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        RaceArguments race = arguments.Race;
        TimeSpan idle = race.Idle ?? RacePreparation.EmbeddedIdleTimeout;
        try
        {
            await using RaceCourse course = RaceCourse.Open(race.Delay, relayOnly: race.Relay || arguments.UpstreamPort is not null, Slot);
            (RaceServer upstream, Uri address) = course.AddServer(
                new RaceServerOptions { IdleTimeout = idle, DiesOn = RacePreparation.Dying(race) },
                arguments.UpstreamPort ?? (course.HasRealPackets ? UpstreamPort : 0));
            if (race.Capture is { } path)
            {
                course.CaptureTo(path);
            }

            var ground = new RaceGround(
                arguments.Proxy,
                idle,
                "set",
                race.Dying,
                course.HasRealPackets ? LinkKind.Packets : LinkKind.Relay,
                course.DeviceName,
                course.WhyRelay,
                2 * race.Delay,
                AimWindow.Around(idle, 2 * race.Delay));
            if (!race.Json)
            {
                ThroughText.WriteHeader(ground, address, race, output);
            }

            await WaitUntilForwardedAsync(arguments, upstream, address, error, cancellationToken);
            long started = Stopwatch.GetTimestamp();
            var lines = new List<ThroughLine>();
            foreach (RequestKind kind in RequestKind.AllThroughProxies)
            {
                lines.Add(await RunAsync(kind, arguments, ground.Aim, course, upstream, cancellationToken));
                await error.WriteLineAsync($"{Stopwatch.GetElapsedTime(started).TotalSeconds,4:0} s  {lines.Count} of {RequestKind.AllThroughProxies.Count} kinds of request sent, {lines.Sum(line => line.Raced)} raced, {lines.Sum(line => line.Failed)} failed");
            }

            ThroughText.WriteResult(ground, address, race, lines, upstream.ConnectionsAccepted, output);
            return CommandLine.Done;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandLine.Interrupted;
        }
        catch (Exception e) when (e is CannotRaceException or HttpRequestException or SocketException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            await error.WriteLineAsync($"No race: {e.Message.ReplaceLineEndings(" ")}");
            return CommandLine.CouldNot;
        }
    }

    private static async Task<ThroughLine> RunAsync(RequestKind kind, ThroughArguments arguments, AimWindow aim, RaceCourse course, RaceServer upstream, CancellationToken cancellationToken)
    {
        RaceArguments race = arguments.Race;

        // Large bodies fill the link, and a full link is another race.
        int clients = kind == RequestKind.PostOneMegabyte ? Math.Max(1, race.Workers / 4) : race.Workers;
        int crossedBefore = course.CrossedConnections;
        string run = $"{Guid.NewGuid().ToString("N")[..8]}-{kind.Name.Length}{kind.Method}";
        IReadOnlyList<ProxyOutcome> outcomes = await ProxyRace.RunAsync(arguments.Proxy, kind, aim, race.Requests, clients, race.Seed, run, cancellationToken: cancellationToken);
        return ThroughLine.Of(kind.Name, outcomes, course.CrossedConnections - crossedBefore, upstream.Executions);
    }

    private static async Task WaitUntilForwardedAsync(ThroughArguments arguments, RaceServer upstream, Uri address, TextWriter error, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        TimeSpan patience = arguments.UpstreamPort is null ? s_patience : s_patienceWithPort;
        bool isTold = false;
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = s_patienceWithPort };
        while (true)
        {
            string marker = $"marker-{Guid.NewGuid():N}{RaceRunner.WarmUpSuffix}";
            string what = await AskAsync(client, arguments.Proxy, marker, cancellationToken);
            if (upstream.Executions.CountOf(marker) > 0)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(started) > patience)
            {
                throw new CannotRaceException($"{arguments.Proxy} does not forward to {address}, with X-Request-Id as it comes: it {what}.");
            }

            if (!isTold)
            {
                isTold = true;
                await error.WriteLineAsync($"Waiting for {arguments.Proxy} to forward to {address} (for up to {Duration.Format(patience)}); now it {what} ...");
            }

            await Task.Delay(s_between, cancellationToken);
        }
    }

    private static async Task<string> AskAsync(HttpClient client, Uri proxy, string marker, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, proxy) { Headers = { { "X-Request-Id", marker } } };
            using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
            return $"answers {(int)response.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return $"does not answer ({e.Message.ReplaceLineEndings(" ")})";
        }
    }
}
