using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// Clients that send a POST every 1 to 3 seconds each, through a proxy: the traffic that meets an upstream's closing by itself. Each has a pool of the proxy's connections for itself (what comes
/// to <c>/N/</c>): many that shared one would keep it busy.
/// </summary>
public static class SlowTraffic
{
    private static readonly AimWindow s_between = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));

    /// <summary>Sends until the time is over, or somebody has seen enough.</summary>
    public static async Task<IReadOnlyList<ProxyOutcome>> RunAsync(Uri proxy, int clients, TimeSpan time, int seed, Action<ProxyOutcome>? onOutcome = null, Func<bool>? isEnough = null)
    {
        long end = AlarmClock.After(Stopwatch.GetTimestamp(), time);
        List<ProxyOutcome>[] outcomes = await Task.WhenAll(Enumerable.Range(0, clients).Select(async number =>
        {
            using var client = new RawClient(AddressOf(proxy, number));
            var random = new Random(seed + number);
            var own = new List<ProxyOutcome>();
            while (Stopwatch.GetTimestamp() < end && isEnough?.Invoke() != true)
            {
                long at = AlarmClock.After(Stopwatch.GetTimestamp(), s_between.Draw(random));
                string id = Guid.NewGuid().ToString("N");
                int status = await client.SendAsync(RequestKind.PostWithBody, id, at, CancellationToken.None);
                own.Add(new ProxyOutcome(id, status, client.Latency));
                onOutcome?.Invoke(own[^1]);
            }

            return own;
        }));
        return [.. outcomes.SelectMany(own => own)];
    }

    /// <summary>Where the client with this number sends, to have a pool of the proxy's connections for itself.</summary>
    public static Uri AddressOf(Uri proxy, int number) => new(proxy, $"/{number}/");

    /// <summary>A configuration in YARP's schema with so many clusters, all of one upstream; over HTTP/1.1, or HTTP/2 and nothing else.</summary>
    public static string Configuration(Uri upstream, int pools, bool isHttp2 = false)
    {
        var routes = new JsonObject();
        var clusters = new JsonObject();
        for (int i = 0; i < pools; i++)
        {
            string name = $"pool{i.ToString(CultureInfo.InvariantCulture)}";
            routes[name] = new JsonObject
            {
                ["ClusterId"] = name,
                ["Match"] = new JsonObject { ["Path"] = $"/{i}/{{**rest}}" },
                ["Transforms"] = new JsonArray(new JsonObject { ["PathRemovePrefix"] = $"/{i}" }),
            };
            var cluster = new JsonObject { ["Destinations"] = new JsonObject { ["one"] = new JsonObject { ["Address"] = upstream.ToString() } } };
            if (isHttp2)
            {
                cluster["HttpRequest"] = new JsonObject { ["Version"] = "2", ["VersionPolicy"] = "RequestVersionExact" };
                cluster["HttpClient"] = new JsonObject { ["DangerousAcceptAnyServerCertificate"] = true };
            }

            clusters[name] = cluster;
        }

        return new JsonObject { ["ReverseProxy"] = new JsonObject { ["Routes"] = routes, ["Clusters"] = clusters } }.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }
}
