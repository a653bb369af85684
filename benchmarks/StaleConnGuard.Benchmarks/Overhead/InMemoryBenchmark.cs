using BenchmarkDotNet.Attributes;

namespace StaleConnGuard.Benchmarks;

/// <summary>What a chain adds to a request that succeeds, over a handler that answers from memory.</summary>
[MemoryDiagnoser]
public class InMemoryBenchmark
{
    private readonly Dictionary<string, HttpMessageInvoker> _invokers = [];

    /// <summary>Whether the inner handler answers after a yield, as a connection does.</summary>
    [Params(false, true)]
    public bool Yields { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _invokers["bare"] = new HttpMessageInvoker(new InMemoryHandler(Yields));
        _invokers["both"] = new HttpMessageInvoker(Chains.GuardAndRetry(new InMemoryHandler(Yields)));
        _invokers["guard"] = new HttpMessageInvoker(Chains.GuardAlone(new InMemoryHandler(Yields)));
        _invokers["retry"] = new HttpMessageInvoker(Chains.PollyRetry(new InMemoryHandler(Yields)));
        _invokers["standard"] = new HttpMessageInvoker(Chains.StandardShaped(new InMemoryHandler(Yields)));
    }

    [Benchmark(Baseline = true, Description = "bare handler")]
    public Task<HttpResponseMessage> Bare() => Send("bare");

    [Benchmark(Description = "guard and retries, defaults")]
    public Task<HttpResponseMessage> GuardAndRetry() => Send("both");

    [Benchmark(Description = "guard alone")]
    public Task<HttpResponseMessage> GuardAlone() => Send("guard");

    [Benchmark(Description = "Polly retry")]
    public Task<HttpResponseMessage> PollyRetry() => Send("retry");

    [Benchmark(Description = "Polly, shaped like the standard handler")]
    public Task<HttpResponseMessage> StandardShaped() => Send("standard");

    private Task<HttpResponseMessage> Send(string chain) =>
        _invokers[chain].SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://localhost/"), CancellationToken.None);
}
