using System.Net;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Pipeline;

public class RetryAfterWaitTests
{
    [Fact]
    public async Task R13_RetryAfter_Seconds_IsTheLeastThatIsWaited()
    {
        using var bench = new RetryBench(Busy("3"), o => o.BaseDelay = TimeSpan.FromMilliseconds(200));
        Task<HttpResponseMessage> sending = bench.SendAsync(Request());
        bench.Clock.NextDue!.Value.ShouldBeInRange(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3.2));
        bench.Clock.AdvanceToNextTimer();
        (await sending).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task R13_RetryAfter_Date_IsWaitedFor()
    {
        using var bench = new RetryBench(Busy("Sun, 01 Mar 2026 12:00:05 GMT"));
        Task<HttpResponseMessage> sending = bench.SendAsync(Request());
        bench.Clock.NextDue.ShouldBe(TimeSpan.FromSeconds(5));
        bench.Clock.AdvanceToNextTimer();
        (await sending).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("Sun, 01 Mar 2026 11:59:59 GMT")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("garbage")]
    public async Task R13_RetryAfter_PastOrMeaningless_AddsNoWait(string value)
    {
        using var bench = new RetryBench(Busy(value));
        Task<HttpResponseMessage> sending = bench.SendAsync(Request());
        sending.IsCompletedSuccessfully.ShouldBeTrue();
        (await sending).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("31", RetryReason.StoppedRetryAfterTooLong)]
    [InlineData("99999999999999999999999", RetryReason.StoppedRetryAfterTooLong)]
    [InlineData("Sun, 01 Mar 2026 12:00:31 GMT", RetryReason.StoppedRetryAfterTooLong)]
    public async Task R13_RetryAfter_AboveTheMaximum_ReturnsTheResponseAtOnce(string value, object reason)
    {
        using var bench = new RetryBench(Busy(value));
        using HttpResponseMessage response = await bench.SendAsync(Request());
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        bench.Reasons.ShouldBe([(RetryReason)reason]);
        bench.Stub.Sends.ShouldBe(1);
    }

    [Fact]
    public async Task R13_RetryAfter_ExactlyTheMaximum_IsWaitedFor()
    {
        using var bench = new RetryBench(Busy("30"));
        Task<HttpResponseMessage> sending = bench.SendAsync(Request());
        bench.Clock.NextDue.ShouldBe(TimeSpan.FromSeconds(30));
        bench.Clock.AdvanceToNextTimer();
        await sending;
    }

    [Fact]
    public async Task R13_RetryAfter_NotHonoured_IsNotRead()
    {
        using var bench = new RetryBench(Busy("86400"), o => o.HonorRetryAfter = false);
        using HttpResponseMessage response = await bench.SendAsync(Request());
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task R13_RetryAfter_TwoFields_TheLongerCounts()
    {
        using var bench = new RetryBench((_, n) =>
        {
            HttpResponseMessage response = Status(n == 0 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK);
            response.Headers.TryAddWithoutValidation("Retry-After", ["2", "Sun, 01 Mar 2026 12:00:09 GMT", "nonsense"]);
            return response;
        });
        Task<HttpResponseMessage> sending = bench.SendAsync(Request());
        bench.Clock.NextDue.ShouldBe(TimeSpan.FromSeconds(9));
        bench.Clock.AdvanceToNextTimer();
        await sending;
    }

    private static Func<HttpRequestMessage, int, HttpResponseMessage> Busy(string retryAfter) => (_, n) =>
    {
        HttpResponseMessage response = Status(n == 0 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK);
        response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        return response;
    };
}
