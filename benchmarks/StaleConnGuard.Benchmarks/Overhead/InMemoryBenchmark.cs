using BenchmarkDotNet.Attributes;

namespace StaleConnGuard.Benchmarks;

/// <summary>What a chain adds to a request that succeeds, without a network: what the <c>overhead</c> command measures.</summary>
[MemoryDiagnoser]
public class InMemoryBenchmark
{
    // A benchmark that returns a task is waited for by a thread that sleeps, which costs more than what is measured: one wait for many requests.
    private const int Requests = 1_000;

    private HttpMessageInvoker _invoker = null!;

    /// <summary>What is to be compared.</summary>
    internal static IReadOnlyList<Chain> Compared { get; set; } = Chains.All;

    /// <summary>The names of the chains.</summary>
    public static IEnumerable<string> ChainNames => Compared.Select(static chain => chain.Name);

    /// <summary>What answers.</summary>
    [ParamsAllValues]
    public Below Below { get; set; }

    /// <summary>What is sent.</summary>
    [ParamsAllValues]
    public OverheadRequest Request { get; set; }

    /// <summary>What it is sent through.</summary>
    [ParamsSource(nameof(ChainNames))]
    public string Chain { get; set; } = "";

    [GlobalSetup]
    public void SetUp() => _invoker = new HttpMessageInvoker(Compared.Single(chain => chain.Name == Chain).Make(Below.Make()));

    [GlobalCleanup]
    public void CleanUp() => _invoker.Dispose();

    [Benchmark(OperationsPerInvoke = Requests)]
    public async Task Send()
    {
        for (int i = 0; i < Requests; i++)
        {
            HttpResponseMessage response = await _invoker.SendAsync(Request.Make(), CancellationToken.None).ConfigureAwait(false);
            if (Below is Below.Connection)
            {
                // Gives the connection back; the response of the other handlers is the same each time.
                response.Dispose();
            }
        }
    }
}
