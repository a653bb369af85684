using StaleConnGuard.Diagnosis;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Captures;

/// <summary>A race of the plain client against a real server, captured in three places at once, with the truth beside it.</summary>
internal sealed class CapturedRace : IDisposable
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(25);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("staleconn-capture-");
    private readonly List<RaceEntry> _entries = [];

    /// <summary>What became of the requests, by the client's own view.</summary>
    public IEnumerable<RaceOutcome> Outcomes => _entries.SelectMany(entry => entry.Outcomes);

    /// <summary>What the server executed; null when it does not count.</summary>
    public ExecutionLog? Executions { get; private set; }

    public string AtClient => Path.Combine(_folder.FullName, "client.pcap");

    public string AtServer => Path.Combine(_folder.FullName, "server.pcap");

    public string OnAny => Path.Combine(_folder.FullName, "any.pcap");

    public string Truncated => Path.Combine(_folder.FullName, "truncated.pcap");

    public static async Task<CapturedRace> RunAsync(string name, int requests, int rounds)
    {
        var race = new CapturedRace();
        TimeSpan idleTimeout = TimeSpan.FromSeconds(name == "uwsgi" ? 2 : 1);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RealServer server = await RealServer.StartAsync(name, idleTimeout, link);
        // Of what is forgotten, or under TLS with a certificate of nobody, the age is what it was told.
        IReadOnlyList<TimeSpan> ages = server.ClosesVisibly && server.Address.Scheme == Uri.UriSchemeHttp
            ? await IdleTimeoutProbe.MeasureClosingAgesAsync(server.Address, idleTimeout + TimeSpan.FromSeconds(6))
            : [idleTimeout];
        string filter = $"tcp and host {link.ClientAddress}";
        await using TcpDump client = await TcpDump.StartAsync(race.AtClient, link.DeviceName, filter);
        await using TcpDump far = await TcpDump.StartAsync(race.AtServer, "server", filter, link);
        await using TcpDump any = await TcpDump.StartAsync(race.OnAny, "any", filter);
        await using TcpDump truncated = await TcpDump.StartAsync(race.Truncated, link.DeviceName, filter, snapLength: 96);

        RequestKind[] kinds = [RequestKind.PostWithBody, RequestKind.PostWithoutBody];
        race._entries.AddRange(kinds.Select(kind => new RaceEntry(new Contender("plain", handler => new PathOfIdHandler(handler)), kind, server.Address)));
        AimWindow window = AimWindow.Around(ages[0], 2 * s_delay);
        var settings = new RaceSettings(new AimWindow(window.From, window.To + (ages[^1] - ages[0])))
        {
            Workers = requests,
            Requests = requests,
            Configure = handler => handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true,
        };
        for (int round = 0; round < rounds; round++)
        {
            await RaceRunner.RunAsync(race._entries, settings with { Seed = round + 1 });
        }

        foreach (TcpDump dump in (TcpDump[])[client, far, any, truncated])
        {
            await dump.StopAsync();
            dump.Dropped.ShouldBe(0, $"{dump.Path}: what was not captured cannot be found");
        }

        race.Executions = server.CountsExecutions ? await server.ReadExecutionsAsync() : null;
        return race;
    }

    public static Explanation Explain(string path)
    {
        using FileStream file = File.OpenRead(path);
        return new CaptureAnalysis().Run(CaptureReader.Open(file));
    }

    /// <summary>The id in a finding's path.</summary>
    public static string? IdOf(Finding finding) => finding.Request?.Path is { } path && path.StartsWith(PathOfIdHandler.Prefix, StringComparison.Ordinal)
        ? path[PathOfIdHandler.Prefix.Length..]
        : null;

    public void Dispose() => _folder.Delete(recursive: true);
}
