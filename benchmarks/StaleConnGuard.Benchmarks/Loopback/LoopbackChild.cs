using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace StaleConnGuard.Benchmarks;

/// <summary>A client in a process of its own: this program again, with a hidden command. It is told its turns on standard input, and ends when that does.</summary>
internal sealed class LoopbackChild : IDisposable
{
    public const string Command = "loopback-client";

    // A client is warm when the compiler has had nothing more to do for a second; methods of the runtime come compiled, the guard's do not.
    private static readonly TimeSpan s_quietCompiler = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestWarmUp = TimeSpan.FromSeconds(15);

    // Enough to see that all of it works.
    private static readonly TimeSpan s_quickWarmUp = TimeSpan.FromSeconds(0.3);

    private readonly Process _process;

    private LoopbackChild(Process process) => _process = process;

    /// <param name="wrapper">A command that runs it, if any.</param>
    public static LoopbackChild Start(LoopbackCase traffic, Uri server, LoopbackContender contender, bool quick, string[]? wrapper = null) => new(Child.Start(wrapper ?? [], variable: null, [
        Command,
        LoopbackCase.All.ToList().IndexOf(traffic).ToString(CultureInfo.InvariantCulture),
        LoopbackContender.All.ToList().IndexOf(contender).ToString(CultureInfo.InvariantCulture),
        server.ToString(),
        quick ? "--quick" : ""]));

    /// <summary>How many requests go before those that a turn measures.</summary>
    public static int LeadIn(int requests) => requests / 4;

    /// <summary>The hidden command.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        LoopbackCase traffic = LoopbackCase.All[int.Parse(args[0], CultureInfo.InvariantCulture)];
        LoopbackContender contender = LoopbackContender.All[int.Parse(args[1], CultureInfo.InvariantCulture)];
        using IDisposable? listening = traffic.Observed ? Listen() : null;
        using var client = new LoopbackClient(traffic, new Uri(args[2]), contender);
        List<LoopbackTurn> turns = [];
        while (await Console.In.ReadLineAsync() is string line)
        {
            switch (line.Split(' '))
            {
                case ["warm-up"]:
                    await Console.Out.WriteLineAsync((await WarmUpAsync(client, args[3] is "--quick" ? s_quickWarmUp : s_longestWarmUp)).ToString("R", CultureInfo.InvariantCulture));
                    break;
                case ["turn", string requests]:
                    int count = int.Parse(requests, CultureInfo.InvariantCulture);

                    // Not measured: others have had the processor's caches meanwhile.
                    await client.RunAsync(LeadIn(count));
                    turns.Add(await client.RunAsync(count));
                    await Console.Out.WriteLineAsync("done");
                    break;
                default:
                    await Console.Out.WriteLineAsync(LoopbackFigures.Sum(turns).ToLine());
                    break;
            }
        }

        return 0;
    }

    /// <summary>The requests per second of a client that is warm.</summary>
    public async Task<double> WarmUpAsync() => double.Parse(await TellAsync("warm-up"), CultureInfo.InvariantCulture);

    public Task RunAsync(int requests) => TellAsync(string.Create(CultureInfo.InvariantCulture, $"turn {requests}"));

    public async Task<LoopbackFigures> FinishAsync() => LoopbackFigures.Parse(await TellAsync("figures"));

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static async Task<double> WarmUpAsync(LoopbackClient client, TimeSpan longest)
    {
        long begun = Stopwatch.GetTimestamp();
        long compiled = begun;
        long methods = 0;
        double perSecond = 0;
        while (Stopwatch.GetElapsedTime(begun) < longest && Stopwatch.GetElapsedTime(compiled) < s_quietCompiler)
        {
            perSecond = (await client.RunAsync(2_000)).RequestsPerSecond;
            if (JitInfo.GetCompiledMethodCount() is long now && now != methods)
            {
                methods = now;
                compiled = Stopwatch.GetTimestamp();
            }
        }

        return perSecond;
    }

    /// <summary>Reads everything and sends it nowhere.</summary>
    private static Listening Listen() => new(
        Sdk.CreateMeterProviderBuilder().AddMeter(StaleConnGuardDiagnostics.MeterName, "System.Net.Http").Build(),
        Sdk.CreateTracerProviderBuilder().AddSource(StaleConnGuardDiagnostics.ActivitySourceName).Build());

    private async Task<string> TellAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        return await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"A client ended at '{line}'.");
    }

    private sealed record Listening(MeterProvider Metrics, TracerProvider Traces) : IDisposable
    {
        public void Dispose()
        {
            Metrics.Dispose();
            Traces.Dispose();
        }
    }
}
