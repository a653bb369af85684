using System.Diagnostics;
using System.Net;

namespace StaleConnGuard.Tests.Pipeline;

/// <summary>Counts every allocation of the process, so nothing else may run.</summary>
[CollectionDefinition(nameof(AloneOnTheHeap), DisableParallelization = true)]
public class AloneOnTheHeap;

/// <summary>What a request that simply succeeds pays for the retry layer. Bytes are exact; times are printed, and judged by the benchmarks.</summary>
[Collection(nameof(AloneOnTheHeap))]
public class SuccessPathCostTests(ITestOutputHelper output)
{
    private const int Rounds = 20_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_Success_AllocatesNothingOfItsOwnWhenAnsweredAtOnce(bool sync)
    {
        double bare = await MeasureAsync("bare", new InMemory(), sync);
        double retried = await MeasureAsync("retry", new RetryHandler(new RetryOptions(), new ReplayOptions(), new RetryServices { Budgets = new RetryBudgetRegistry(TimeProvider.System) }) { InnerHandler = new InMemory() }, sync);
        (retried - bare).ShouldBeInRange(-1, 8);
    }

    [Fact]
    public async Task Send_SuccessAfterAYield_AllocatesOneStateMachine()
    {
        double bare = await MeasureAsync("bare, yielding", new InMemory(yields: true), sync: false);
        double retried = await MeasureAsync("retry, yielding", new RetryHandler(new RetryOptions(), new ReplayOptions(), new RetryServices { Budgets = new RetryBudgetRegistry(TimeProvider.System) }) { InnerHandler = new InMemory(yields: true) }, sync: false);
        (retried - bare).ShouldBeInRange(0, 250);
    }

    private async Task<double> MeasureAsync(string name, HttpMessageHandler handler, bool sync)
    {
        using var invoker = new HttpMessageInvoker(handler);
        await RunAsync(invoker, sync);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        long started = Stopwatch.GetTimestamp();
        await RunAsync(invoker, sync);
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        double bytes = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Rounds;
        output.WriteLine($"{name} sync={sync}: {took.TotalNanoseconds / Rounds:0} ns, {bytes:0.0} B");
        return bytes;
    }

    private static async Task RunAsync(HttpMessageInvoker invoker, bool sync)
    {
        for (int i = 0; i < Rounds; i++)
        {
            // With headers, as a client's requests have them: their collection is made on first use, whoever uses it.
            using var request = new HttpRequestMessage(HttpMethod.Get, s_uri);
            request.Headers.TryAddWithoutValidation("Accept", "application/json");
            using HttpResponseMessage response = sync ? invoker.Send(request, default) : await invoker.SendAsync(request, default);
        }
    }

    private static readonly Uri s_uri = new("http://orders.test/items");

    private sealed class InMemory(bool yields = false) : HttpMessageHandler
    {
        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => new(HttpStatusCode.OK);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            yields ? YieldingAsync() : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));

        private static async Task<HttpResponseMessage> YieldingAsync()
        {
            await Task.Yield();
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
