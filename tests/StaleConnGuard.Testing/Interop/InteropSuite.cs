using System.Diagnostics;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// Every server against five kinds of request and three clients, behind a delayed link: the closing ages are measured first, then
/// requests are aimed at them. Each aimed request has a client and a ledger of its own, so that no race spares another.
/// </summary>
public static class InteropSuite
{
    /// <summary>The servers, in the order of the table.</summary>
    public static IReadOnlyList<string> Servers { get; } =
    [
        "nginx", "apache", "haproxy", "h2o", "caddy", "lighttpd", "varnish", "node",
        "uwsgi", "gunicorn", "uvicorn", "puma", "go", "tomcat", "jetty", RealServer.Kestrel,
        .. Proxies, .. RealServer.Modelled,
    ];

    /// <summary>Reverse proxies that close idle clients; what they forward to keeps its connections.</summary>
    public static IReadOnlyList<string> Proxies => ["nginx-proxy", "haproxy-proxy"];

    /// <summary>The kinds of request, in the order of the columns.</summary>
    public static IReadOnlyList<RequestKind> Kinds { get; } =
    [
        RequestKind.Get,
        new RequestKind("PUT", HttpMethod.Put, """{"order":4711}"""),
        new RequestKind("DELETE", HttpMethod.Delete),
        RequestKind.PostWithBody,
        RequestKind.PostWithoutBody,
    ];

    /// <summary>What the proxies forward to.</summary>
    public const string BehindProxies = "go";

    private static readonly TimeSpan s_behindProxies = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan s_uneven = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs some servers side by side.</summary>
    /// <param name="servers">Their names.</param>
    /// <param name="requests">Aimed requests of each kind and client in a round.</param>
    /// <param name="rounds">How often; three times as often against servers that close at uneven ages.</param>
    public static Task<InteropRow[]> RunAsync(IEnumerable<string> servers, int requests, int rounds) =>
        Task.WhenAll(servers.Select(server => RunAsync(server, requests, rounds)));

    private static async Task<InteropRow> RunAsync(string name, int requests, int rounds)
    {
        TimeSpan idleTimeout = IdleTimeoutOf(name);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RealServer? upstream = Proxies.Contains(name) ? await RealServer.StartAsync(BehindProxies, s_behindProxies, link) : null;
        await using RealServer server = await RealServer.StartAsync(name, idleTimeout, link, upstream: upstream?.Address);
        AdvertisedWhen advertised = await AskWhatItAdvertisesAsync(server.Address);

        // What is forgotten without a word cannot be measured from outside.
        IReadOnlyList<TimeSpan> ages = server.ClosesVisibly
            ? await IdleTimeoutProbe.MeasureClosingAgesAsync(server.Address, idleTimeout + TimeSpan.FromSeconds(6))
            : [idleTimeout];

        InteropRace[] races = [.. Kinds.Select(kind => new InteropRace(kind, server.Address, idleTimeout))];
        AimWindow window = AimWindow.Around(ages[0], 2 * s_delay);
        var settings = new RaceSettings(new AimWindow(window.From, window.To + (ages[^1] - ages[0]))) { Workers = requests, Requests = requests };
        // The less even a server, the rarer a hit.
        int repeated = ages[^1] - ages[0] > s_uneven ? rounds * 3 : rounds;
        for (int round = 0; round < repeated; round++)
        {
            await RaceRunner.RunAsync([.. races.SelectMany(race => race.Entries)], settings with { Seed = round + 1 });
        }

        return new InteropRow
        {
            Server = name,
            Version = await VersionOfAsync(name),
            Advertised = advertised,
            ClosingAges = ages,
            Races = races,
            Executions = upstream is not null ? await upstream.ReadExecutionsAsync() : server.CountsExecutions ? await server.ReadExecutionsAsync() : null,
        };
    }

    // As short as it can be told. uWSGI may close a second early, so that one second could be none.
    private static TimeSpan IdleTimeoutOf(string name) => TimeSpan.FromSeconds(name == "uwsgi" ? 2 : 1);

    private static async Task<AdvertisedWhen> AskWhatItAdvertisesAsync(Uri address)
    {
        if (await AdvertisesAsync(address, solicited: false))
        {
            return AdvertisedWhen.Always;
        }

        return await AdvertisesAsync(address, solicited: true) ? AdvertisedWhen.Asked : AdvertisedWhen.Never;
    }

    private static async Task<bool> AdvertisesAsync(Uri address, bool solicited)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (solicited)
        {
            request.Headers.Connection.Add("keep-alive");
        }

        using HttpResponseMessage response = await client.SendAsync(request);
        return response.Headers.NonValidated.Contains("Keep-Alive");
    }

    private static async Task<string> VersionOfAsync(string name)
    {
        if (name == RealServer.Kestrel)
        {
            return Environment.Version.ToString();
        }

        if (RealServer.Modelled.Contains(name))
        {
            return ModelledBalancer.Describe(name);
        }

        using Process process = Process.Start(new ProcessStartInfo(Repository.PathOf("tests/servers/version"), [name]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return said.Trim();
    }
}
