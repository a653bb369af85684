using System.Collections.Concurrent;
using StaleConnGuard.Cli;

namespace StaleConnGuard.WireTests.Beside;

/// <summary><c>staleconn proxy</c> in this process, at ports of its own.</summary>
internal sealed class ProxyUnderTest : IAsyncDisposable
{
    private readonly ProxyHost _host;
    private readonly CancellationTokenSource _stop;
    private readonly Task _running;

    private ProxyUnderTest(ProxyHost host, CancellationTokenSource stop, Task running) => (_host, _stop, _running) = (host, stop, running);

    public Uri Address => _host.Addresses.First();

    public Uri Metrics { get; private init; } = null!;

    public ProxyCounters Counters => _host.Counters;

    public static async Task<ProxyUnderTest> StartAsync(params Uri[] upstreams) => await StartAsync(Arguments(upstreams));

    public static ProxyArguments Arguments(params Uri[] upstreams) => new(
        "http://127.0.0.1:0", upstreams, Config: null, ServerTimeout: null, FrontTimeout: TimeSpan.FromSeconds(30), Drain: TimeSpan.Zero, UpstreamWait: TimeSpan.FromSeconds(10), "http://127.0.0.1:0");

    public static async Task<ProxyUnderTest> StartAsync(ProxyArguments arguments)
    {
        var stop = new CancellationTokenSource();
        ProxyHost host = await ProxyHost.StartAsync(arguments, TextWriter.Null, TestContext.Current.CancellationToken);
        string metrics = host.Describe().Last().Split(' ', ',')[2];
        return new ProxyUnderTest(host, stop, host.RunUntilStoppedAsync(stop.Token)) { Metrics = new Uri(metrics) };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _host.DisposeAsync();
        _stop.Dispose();
    }
}

/// <summary>Clients that send one request after the other until they are told to stop, and what they got.</summary>
internal sealed class SteadyLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _clients;

    public SteadyLoad(int clients, Func<HttpClient, CancellationToken, Task<string?>> send) =>
        _clients = [.. Enumerable.Range(0, clients).Select(_ => RunAsync(send))];

    public ConcurrentQueue<string> Failures { get; } = new();

    public int Answered => Volatile.Read(ref _answered);

    private int _answered;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        _stop.Dispose();
    }

    private async Task RunAsync(Func<HttpClient, CancellationToken, Task<string?>> send)
    {
        using var client = new HttpClient();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (await send(client, _stop.Token) is { } failure)
                {
                    Failures.Enqueue(failure);
                    continue;
                }

                Interlocked.Increment(ref _answered);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (HttpRequestException e)
            {
                Failures.Enqueue(e.ToString());
            }
        }
    }
}
