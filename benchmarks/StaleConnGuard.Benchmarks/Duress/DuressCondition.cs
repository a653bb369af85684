namespace StaleConnGuard.Benchmarks;

/// <summary>What a client is made to suffer.</summary>
/// <param name="Name">In a few words.</param>
internal sealed record DuressCondition(string Name)
{
    /// <summary>Put before the command line of the client.</summary>
    public string[] Wrapper { get; init; } = [];

    /// <summary>Set in its environment.</summary>
    public (string Name, string Value)? Variable { get; init; }

    /// <summary>It is stopped for so long, again and again.</summary>
    public TimeSpan Stopped { get; init; }

    /// <summary>It runs for so long in between.</summary>
    public TimeSpan Running { get; init; }

    /// <summary>The server is in the client's process.</summary>
    public bool HasOwnServer { get; init; }

    public int Workers { get; init; } = 16;

    public int Largest { get; init; } = 20_000;

    public bool IsStarved { get; init; }

    /// <summary>Names an address that leads nowhere instead of the server's.</summary>
    public Uri? Address { get; init; }

    public static IReadOnlyList<DuressCondition> All { get; } =
    [
        new("none"),
        new("stopped and continued: 300 ms of every 500") { Stopped = TimeSpan.FromMilliseconds(300), Running = TimeSpan.FromMilliseconds(200) },
        new("stopped and continued: 2 s of every 3") { Stopped = TimeSpan.FromSeconds(2), Running = TimeSpan.FromSeconds(1) },
        new("a tenth of a processor") { Stopped = TimeSpan.FromMilliseconds(90), Running = TimeSpan.FromMilliseconds(10), Workers = 4 },
        new("thread pool starved: 4 threads, all occupied") { IsStarved = true },
        new("200 file descriptors for 128 requests at a time") { Wrapper = ["sh", "-c", "ulimit -n 200; exec \"$@\"", "sh"], Workers = 128 },
        new("40 ephemeral ports for 64 requests at a time")
        {
            Wrapper = ["unshare", "-rn", "sh", "-c", "ip link set lo up && echo 40000 40039 > /proc/sys/net/ipv4/ip_local_port_range && exec \"$@\"", "sh"],
            HasOwnServer = true,
            Workers = 64,
        },
        new("heap limited to 128 MB, bodies of up to 2 MB") { Variable = ("DOTNET_GCHeapHardLimit", "0x8000000"), Workers = 24, Largest = 2_000_000 },
        new("no DNS") { Address = new Uri("http://nowhere.invalid/"), Workers = 4 },
    ];
}
