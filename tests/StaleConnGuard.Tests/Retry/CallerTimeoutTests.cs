using System.Net;
using StaleConnGuard.Testing;
using static StaleConnGuard.Tests.Retry.RetryBench;

namespace StaleConnGuard.Tests.Retry;

public class CallerTimeoutTests
{
    private static Func<HttpRequestMessage, int, HttpResponseMessage> RetryAfterTwoSeconds { get; } = (_, n) =>
    {
        HttpResponseMessage response = Status(n == 0 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK);
        response.Headers.TryAddWithoutValidation("Retry-After", "2");
        return response;
    };

    [Fact]
    public async Task Wait_WouldEndAfterTheOptionsTimeout_ResponseIsReturnedAtOnce()
    {
        using var bench = new RetryBench(RetryAfterTwoSeconds, o => o.CallerTimeout = TimeSpan.FromSeconds(2));
        using HttpResponseMessage response = await bench.SendAsync(Request());
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        bench.Reasons.ShouldBe([RetryReason.StoppedDeadline]);
        bench.Clock.Elapsed.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task Wait_EndsBeforeTheTimeout_IsRetried()
    {
        using var bench = new RetryBench(RetryAfterTwoSeconds, o => o.CallerTimeout = TimeSpan.FromSeconds(2.001));
        Task<HttpResponseMessage> sending = bench.SendAsync(Request());
        bench.Clock.AdvanceToNextTimer().ShouldBeTrue();
        using HttpResponseMessage response = await sending;
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Wait_TimeSpentInAttempts_Counts()
    {
        VirtualClock? clock = null;
        using var bench = new RetryBench((m, n) =>
        {
            clock!.Advance(TimeSpan.FromSeconds(9));
            return RetryAfterTwoSeconds(m, n);
        });
        clock = bench.Clock;
        using HttpResponseMessage response = await bench.SendAsync(Request().SetCallerTimeout(TimeSpan.FromSeconds(10)));
        bench.Reasons.ShouldBe([RetryReason.StoppedDeadline]);
    }

    [Fact]
    public async Task Exception_WaitTooLong_IsThrownAtOnce()
    {
        using var bench = new RetryBench((_, _) => throw Failures.Reset(), o =>
        {
            o.BaseDelay = TimeSpan.FromMinutes(1);
            o.MaxDelay = TimeSpan.FromMinutes(1);
            o.Jitter = RetryJitter.Decorrelated;
        });
        await Should.ThrowAsync<HttpRequestException>(() => bench.SendAsync(Request().SetCallerTimeout(TimeSpan.FromSeconds(30))));
        bench.Reasons.ShouldBe([RetryReason.StoppedDeadline]);
    }

    [Fact]
    public async Task Request_SaysInfinite_GoesBeforeOptionsAndClient()
    {
        using var bench = new RetryBench(RetryAfterTwoSeconds, o => o.CallerTimeout = TimeSpan.FromSeconds(1), clientTimeout: new ClientTimeout { Value = TimeSpan.FromSeconds(1) });
        Task<HttpResponseMessage> sending = bench.SendAsync(Request().SetCallerTimeout(Timeout.InfiniteTimeSpan));
        bench.Clock.AdvanceToNextTimer().ShouldBeTrue();
        (await sending).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Client_TimeoutKnown_CountsWhenNothingElseSaysSo()
    {
        using var bench = new RetryBench(RetryAfterTwoSeconds, clientTimeout: new ClientTimeout { Value = TimeSpan.FromSeconds(1) });
        using HttpResponseMessage response = await bench.SendAsync(Request());
        bench.Reasons.ShouldBe([RetryReason.StoppedDeadline]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(86_400_001)]
    public void SetCallerTimeout_OutOfRange_Throws(int milliseconds) =>
        Should.Throw<ArgumentOutOfRangeException>(() => Request().SetCallerTimeout(TimeSpan.FromMilliseconds(milliseconds)));
}
