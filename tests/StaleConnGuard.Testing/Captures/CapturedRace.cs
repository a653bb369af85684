using System.Text;
using StaleConnGuard.Diagnosis;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>A race of clients that do nothing about it against a real server, captured in several places at once, with the truth beside it.</summary>
internal sealed class CapturedRace : IDisposable
{
    /// <summary>At the client.</summary>
    public const string AtClient = "client";

    /// <summary>At the server.</summary>
    public const string AtServer = "server";

    /// <summary>On all interfaces of the client's machine.</summary>
    public const string OnAny = "any";

    /// <summary>At the client, 96 bytes of each packet.</summary>
    public const string Truncated = "96 bytes";

    /// <summary>At the client, what the client sends.</summary>
    public const string OneDirection = "one direction";

    /// <summary>At the client, from when the connections were open.</summary>
    public const string FromTheMiddle = "from the middle";

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(25);

    private const int MostTimes = 4;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("staleconn-capture-");
    private readonly List<RaceEntry> _plain = [];
    private readonly List<string> _lostByGo = [];
    private RaceEntry? _guarded;
    private ExecutionLog? _executions;
    private bool _isTls;

    private CapturedRace(string server) => Server = server;

    /// <summary>Who closed.</summary>
    public string Server { get; }

    /// <summary>How many requests were aimed.</summary>
    public int Requests { get; private set; }

    /// <summary>Ids of all requests that were lost, by the clients' own view.</summary>
    public IReadOnlyList<string> Raced =>
        [.. Outcomes.Where(outcome => outcome.Raced || outcome.Failure is StaleConnectionException { Delivery: not Delivery.NotSent }).Select(outcome => outcome.RequestId).Concat(_lostByGo)];

    /// <summary>Of those that failed, how many the server executed; null when it does not count.</summary>
    public int? ExecutedThoughFailed => _executions is null ? null : Failed.Count(id => _executions.CountOf(id) > 0);

    /// <summary>
    /// Without those that never left: the reset was there between the pool's look and the write, which then fails. To the client that is a lost request like the others; no capture shows
    /// it. Under TLS no name of a request is to be seen, so all of them stay.
    /// </summary>
    private IReadOnlyList<string> RacedOnTheWire
    {
        get
        {
            byte[] captured = _isTls ? [] : File.ReadAllBytes(PathOf(AtClient));
            return [.. Raced.Where(id => _isTls || IsIn(captured, id + " ") || IsIn(captured, id + "?"))];
        }
    }

    private IEnumerable<RaceOutcome> Outcomes => _plain.Append(_guarded!).SelectMany(entry => entry.Outcomes);

    // What the plain client repeats by itself is executed, once: only what failed tells.
    private IEnumerable<string> Failed => Outcomes.Where(outcome => outcome.Failure is not null).Select(outcome => outcome.RequestId).Concat(_lostByGo);

    /// <summary>Runs it: so many requests at once of each client, so many times.</summary>
    public static async Task<CapturedRace> RunAsync(string name, int requests, int rounds)
    {
        var race = new CapturedRace(name);
        TimeSpan idleTimeout = TimeSpan.FromSeconds(name == "uwsgi" ? 2 : 1);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RealServer server = await RealServer.StartAsync(name, idleTimeout, link);
        race._isTls = server.Address.Scheme == Uri.UriSchemeHttps;

        // Of what is forgotten, or under TLS with a certificate of nobody, the age is what it was told.
        IReadOnlyList<TimeSpan> ages = server.ClosesVisibly && !race._isTls
            ? await IdleTimeoutProbe.MeasureClosingAgesAsync(server.Address, idleTimeout + TimeSpan.FromSeconds(6))
            : [idleTimeout];
        AimWindow window = AimWindow.Around(ages[0], 2 * s_delay);
        window = new AimWindow(window.From, window.To + (ages[^1] - ages[0]));

        await race.CaptureAsync(link, () => race.RaceAsync(server.Address, window, requests, rounds));
        race._executions = server.CountsExecutions ? await server.ReadExecutionsAsync() : null;
        return race;
    }

    /// <summary>The file of a spot.</summary>
    public string PathOf(string spot) => Path.Combine(_folder.FullName, $"{spot.Replace(' ', '-')}.pcap");

    /// <summary>What is said of it.</summary>
    public CaptureComparison Compare(string spot) => Compare(spot, File.ReadAllBytes(PathOf(spot)));

    /// <summary>What is said of a capture that was made of one of these.</summary>
    public CaptureComparison Compare(string spot, byte[] capture)
    {
        using var stream = new MemoryStream(capture);
        Explanation explanation = new CaptureAnalysis().Run(CaptureReader.Open(stream));
        Finding[] trouble = [.. explanation.Findings.Where(finding => finding.IsTrouble)];
        IReadOnlyList<string> raced = RacedOnTheWire;
        bool hasIds = !_isTls && spot is not Truncated;
        string[] found = [.. trouble.Select(finding => IdOf(finding) ?? "?")];
        return new CaptureComparison(
            spot,
            explanation,
            raced.Count,
            found.Length,
            hasIds ? [.. raced.Except(found)] : [.. Enumerable.Repeat("?", Math.Max(0, raced.Count - found.Length))],
            hasIds ? [.. found.Index().Where(one => !raced.Contains(one.Item) || Array.IndexOf(found, one.Item) != one.Index).Select(one => $"{one.Item}: {Describe(trouble[one.Index])}; the client: {SaidOf(one.Item)}")] : [.. Enumerable.Repeat("?", Math.Max(0, found.Length - raced.Count))],
            [.. trouble.Where(finding => finding.Judgement.Delivery is Delivery.ProvenUndelivered).Select(IdOf).OfType<string>().Where(id => Failed.Contains(id) && _executions?.CountOf(id) > 0)],
            [.. Judged().Where(judged => DeliveryOf(trouble, judged.Id) is { } other && other != judged.Delivery).Select(judged => $"{judged.Id}: {judged.Delivery} by the kernel, {DeliveryOf(trouble, judged.Id)} by the capture")],
            Judged().Count(judged => DeliveryOf(trouble, judged.Id) == judged.Delivery));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string? IdOf(Finding finding) => finding.Request?.Path is { } path && path.StartsWith(PathOfIdHandler.Prefix, StringComparison.Ordinal)
        ? path[PathOfIdHandler.Prefix.Length..]
        : null;

    private static string Describe(Finding finding) => $"{finding.Judgement.Verdict}, {finding.Judgement.Reason}, {Wording.Evidence(finding)}";

    private static Delivery? DeliveryOf(Finding[] trouble, string id) => trouble.FirstOrDefault(finding => IdOf(finding) == id)?.Judgement.Delivery;

    private string SaidOf(string id) => Outcomes.FirstOrDefault(outcome => outcome.RequestId == id) is { } outcome
        ? outcome.Failure is StaleConnectionException stale ? $"{stale.Delivery}, {stale.Decision}" : outcome.Failure?.Message ?? "answered"
        : "nothing";

    // What the guard's exception says, from the kernel's numbers.
    private IEnumerable<(string Id, Delivery Delivery)> Judged() => _guarded!.Outcomes
        .Where(outcome => outcome.Failure is StaleConnectionException)
        .Select(outcome => (outcome.RequestId, ((StaleConnectionException)outcome.Failure!).Delivery));

    private static bool IsIn(ReadOnlySpan<byte> captured, string path) => captured.IndexOf(Encoding.ASCII.GetBytes(PathOfIdHandler.Prefix + path)) >= 0;

    private async Task CaptureAsync(DelayedLink link, Func<Task> run)
    {
        string filter = $"tcp and host {link.ClientAddress}";
        await using TcpDump client = await TcpDump.StartAsync(PathOf(AtClient), link.DeviceName, filter);
        await using TcpDump server = await TcpDump.StartAsync(PathOf(AtServer), "server", filter, link);
        await using TcpDump any = await TcpDump.StartAsync(PathOf(OnAny), "any", filter);
        await using TcpDump truncated = await TcpDump.StartAsync(PathOf(Truncated), link.DeviceName, filter, snapLength: 96);
        await using TcpDump oneWay = await TcpDump.StartAsync(PathOf(OneDirection), link.DeviceName, $"tcp and src host {link.ClientAddress}");
        Task racing = run();
        await Task.Delay(TimeSpan.FromMilliseconds(700));
        await using TcpDump middle = await TcpDump.StartAsync(PathOf(FromTheMiddle), link.DeviceName, filter);
        await racing;

        TcpDump[] dumps = [client, server, any, truncated, oneWay, middle];
        await Task.WhenAll(dumps.Select(dump => dump.StopAsync()));
        if (dumps.FirstOrDefault(dump => dump.Dropped > 0) is { } lossy)
        {
            throw new InvalidOperationException($"{lossy.Path}: {lossy.Dropped} packets were not captured, and what was not captured cannot be found.");
        }
    }

    private async Task RaceAsync(Uri server, AimWindow window, int requests, int rounds)
    {
        var plain = new Contender("plain", handler => new PathOfIdHandler(handler));

        // It judges as always and then does nothing about it, so that its judgement can be seen.
        var guarded = new Contender("guarded, never replays", handler => new PathOfIdHandler(StaleConnGuardHandler.Create(
            new StaleConnGuardOptions
            {
                KeepAlive = { Learn = false, NonIdempotentMaxIdle = TimeSpan.FromHours(1) },
                Replay = { NonIdempotentReplay = NonIdempotentReplay.Never },
                Retry = { Enabled = false },
            },
            handler)));
        _plain.AddRange([new RaceEntry(plain, RequestKind.PostWithBody, server), new RaceEntry(plain, RequestKind.PostWithoutBody, server)]);
        _guarded = new RaceEntry(guarded, RequestKind.PostWithBody, server);
        var settings = new RaceSettings(window)
        {
            Workers = requests,
            Requests = requests,
            Configure = handler => handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true,
        };
        // A machine that stalls misses the window: then once more.
        for (int round = 0; round < rounds || (Raced.Count == 0 && round < rounds * MostTimes); round++)
        {
            var random = new Random(round + 1);
            (string, TimeSpan)[] ofGo = [.. Enumerable.Range(0, requests).Select(i => ($"go-{round}-{i}", window.From + ((window.To - window.From) * random.NextDouble())))];
            Task<IReadOnlyList<string>>? go = GoClient.IsAvailable(out _) ? GoClient.RaceAsync(server, ofGo) : null;
            await RaceRunner.RunAsync([.. _plain, _guarded], settings with { Seed = round + 1 });
            _lostByGo.AddRange(go is null ? [] : await go);
            Requests += requests * (go is null ? 3 : 4);
        }
    }
}
