using System.Net;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Pipeline;

public class RetryBudgetSendTests
{
    private static readonly OriginKey Origin = new("http", "orders.test", 80, null);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_BudgetEmpty_ReturnsTheLastOutcomeAndReportsOnce(bool sync)
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable), o => o.Budget = new RetryBudgetOptions { Ratio = 0, MinRetriesPerSecond = 2 });
        for (int i = 0; i < 5; i++)
        {
            using HttpResponseMessage response = await bench.SendAsync(Request(), sync);
            response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        }

        bench.Stub.Sends.ShouldBe(5 + 2);
        bench.Reasons.Count(r => r is RetryReason.StoppedBudgetEmpty).ShouldBe(5);
        bench.Observer.EmptyBudgets.ShouldBe([Origin]);
    }

    [Fact]
    public async Task Send_BudgetEmptyAfterAnException_ThrowsIt()
    {
        using var bench = new RetryBench((_, _) => throw Failures.Reset(), o => o.Budget = new RetryBudgetOptions { Ratio = 0, MinRetriesPerSecond = 0 });
        await Should.ThrowAsync<HttpRequestException>(() => bench.SendAsync(Request()));
        bench.Reasons.ShouldBe([RetryReason.StoppedBudgetEmpty]);
    }

    [Fact]
    public async Task Send_OneOriginsBudgetEmpty_AnotherHasItsOwn()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable), o => o.Budget = new RetryBudgetOptions { Ratio = 0, MinRetriesPerSecond = 1 });
        foreach (string uri in (string[])["http://a.test/", "http://a.test/", "https://a.test/", "http://a.test:81/", "http://b.test/"])
        {
            using HttpResponseMessage response = await bench.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri));
        }

        bench.Stub.Sends.ShouldBe(5 + 4);
    }
}
