using BenchmarkDotNet.Attributes;

namespace StaleConnGuard.Benchmarks;

/// <summary>What a chain adds to a request that succeeds, without a network. The <c>overhead</c> command measures the same in turns.</summary>
[MemoryDiagnoser]
public class InMemoryBenchmark
{
    private readonly Dictionary<string, HttpMessageInvoker> _invokers = [];

    /// <summary>What answers.</summary>
    [ParamsAllValues]
    public Below Below { get; set; }

    /// <summary>What is sent.</summary>
    [Params(OverheadRequest.Bare, OverheadRequest.WithHeaders)]
    public OverheadRequest Request { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        foreach (Chain chain in Chains.All)
        {
            _invokers[chain.Name] = new HttpMessageInvoker(chain.Make(Below.Make()));
        }
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        foreach (HttpMessageInvoker invoker in _invokers.Values)
        {
            invoker.Dispose();
        }
    }

    /// <summary>The names of the chains.</summary>
    public static IEnumerable<string> ChainNames => Chains.All.Select(chain => chain.Name);

    [Benchmark]
    [ArgumentsSource(nameof(ChainNames))]
    public async Task Send(string chain)
    {
        HttpResponseMessage response = await _invokers[chain].SendAsync(Request.Make(), CancellationToken.None).ConfigureAwait(false);
        if (Below is Below.Connection)
        {
            response.Dispose();
        }
    }
}
