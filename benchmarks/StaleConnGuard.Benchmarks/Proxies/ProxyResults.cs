using System.Globalization;
using System.Text.Json;

namespace StaleConnGuard.Benchmarks;

/// <summary>What was measured, piece by piece: a run of one piece replaces what it had measured before, and leaves the rest. A file beside the page that is made of it.</summary>
internal sealed class ProxyResults
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>When each piece was measured, and how busy the machine was; of the race, each proxy.</summary>
    public SortedDictionary<string, ProxyMoment> Measured { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The cells of the race.</summary>
    public List<ProxyRaceCell> Races { get; set; } = [];

    /// <summary>The race over HTTP/2.</summary>
    public List<ProxyRaceCell> Http2 { get; set; } = [];

    /// <summary>What became of requests that the upstream executed and died on.</summary>
    public List<ProxyDeathCell> Deaths { get; set; } = [];

    /// <summary>The latency after idleness.</summary>
    public List<ProxyLatencyCell> Latencies { get; set; } = [];

    /// <summary>Throughput, one entry for each turn.</summary>
    public List<ProxyThroughputCell> Throughput { get; set; } = [];

    /// <summary>Large bodies, and what the proxy's memory did meanwhile.</summary>
    public List<ProxyStreamCell> Streams { get; set; } = [];

    /// <summary>Slow traffic to servers of Python.</summary>
    public List<ProxySlowCell> Slow { get; set; } = [];

    /// <summary>A piece begins now.</summary>
    public void Begin(string piece) => Measured[piece] = ProxyMoment.Now();

    public static ProxyResults Load(string folder) =>
        File.Exists(PathIn(folder)) ? JsonSerializer.Deserialize<ProxyResults>(File.ReadAllText(PathIn(folder)), s_json)! : new ProxyResults();

    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(PathIn(folder), JsonSerializer.Serialize(this, s_json) + "\n");
    }

    private static string PathIn(string folder) => Path.Combine(folder, "proxies.json");
}

/// <summary>When something was measured, and the load average of a minute before it.</summary>
internal sealed record ProxyMoment(DateTimeOffset Time, double Load)
{
    public static ProxyMoment Now() =>
        new(TimeProvider.System.GetUtcNow(), double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));
}

/// <summary>One proxy, one upstream, one kind of request.</summary>
internal sealed record ProxyRaceCell(string Proxy, string Upstream, string Request, int Requests, int Raced, int Reset, int Failed, int ExecutedTwice, double? P50Ms);

/// <summary>One proxy, one kind of request, executed by an upstream that dies.</summary>
internal sealed record ProxyDeathCell(string Proxy, string Request, int Requests, int Answered, int ExecutedTwice);

/// <summary>The latency of uploads after idleness, in milliseconds.</summary>
internal sealed record ProxyLatencyCell(string Proxy, int Bytes, bool IsChunked, int Requests, double P50Ms, double P90Ms);

/// <summary>One turn of load.</summary>
internal sealed record ProxyThroughputCell(string Proxy, string Method, int Round, double RequestsPerSecond, double P50Ms, double P99Ms, int Errors);

/// <summary>A large body: how long it took, and the proxy's working set before, at its highest and after, in megabytes.</summary>
internal sealed record ProxyStreamCell(string Proxy, string Direction, long Bytes, double Seconds, double BeforeMb, double HighestMb, double AfterMb);

/// <summary>Clients that send now and then, through one proxy to one server.</summary>
internal sealed record ProxySlowCell(string Proxy, string Server, int Clients, double Minutes, int Requests, int Raced, int Failed, int ExecutedTwice);
