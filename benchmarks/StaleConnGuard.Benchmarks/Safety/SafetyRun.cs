using System.Globalization;
using StaleConnGuard.Measuring;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>One strategy under one traffic against an nginx of its own, whose processor time is therefore this traffic's.</summary>
internal sealed class SafetyRun : IAsyncDisposable
{
    private readonly NginxServer _server;
    private readonly SafetyCaller[] _callers;

    private SafetyRun(SafetyStrategy strategy, SafetyTraffic traffic, NginxServer server)
    {
        Strategy = strategy;
        Traffic = traffic;
        _server = server;
        _callers = [.. traffic.Traces.Select(trace => new SafetyCaller(strategy, server.Address, trace))];
    }

    public SafetyStrategy Strategy { get; }

    public SafetyTraffic Traffic { get; }

    public int Connections => _callers.Sum(caller => caller.Connections);

    public int Failed => _callers.Sum(caller => caller.Failed);

    /// <summary>What the guard knows of the server; null where nobody guards.</summary>
    public OriginKeepAlive? Known => KeepAliveLedger.Shared.TryGet(_server.Address, out OriginKeepAlive? known) ? known : null;

    /// <summary>Processor time of the server, its part of the kernel's work included, without what starting it took.</summary>
    public TimeSpan ServerTime { get; private set; }

    public static async Task<SafetyRun> PrepareAsync(SafetyStrategy strategy, SafetyTraffic traffic, TimeSpan serverTimeout) =>
        new(strategy, traffic, await NginxServer.StartAsync(serverTimeout));

    public async Task RunAsync(long start)
    {
        TimeSpan before = ReadServerTime();
        await Task.WhenAll(_callers.Select(caller => caller.RunAsync(start)));
        ServerTime = ReadServerTime() - before;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    // /proc/PID/stat counts in hundredths of a second, which is more than some of these servers use in a minute; schedstat counts nanoseconds.
    private TimeSpan ReadServerTime() =>
        TimeSpan.FromTicks(long.Parse(File.ReadAllText($"/proc/{_server.ProcessId}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / TimeSpan.NanosecondsPerTick);
}
