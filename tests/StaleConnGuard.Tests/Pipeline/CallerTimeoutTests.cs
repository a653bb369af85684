using System.Net;
using StaleConnGuard.Testing;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Pipeline;

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
        TestClock? clock = null;
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
        using HttpClient client = Client(TimeSpan.FromSeconds(1));
        using var bench = new RetryBench(RetryAfterTwoSeconds, o => o.CallerTimeout = TimeSpan.FromSeconds(1), clientTimeout: Noted(client));
        Task<HttpResponseMessage> sending = bench.SendAsync(Request().SetCallerTimeout(Timeout.InfiniteTimeSpan));
        bench.Clock.AdvanceToNextTimer().ShouldBeTrue();
        (await sending).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Client_TimeoutKnown_CountsWhenNothingElseSaysSo()
    {
        using HttpClient client = Client(TimeSpan.FromSeconds(1));
        using var bench = new RetryBench(RetryAfterTwoSeconds, clientTimeout: Noted(client));
        using var caller = new CancellationTokenSource();
        using HttpResponseMessage response = await bench.SendAsync(Request(), cancellationToken: caller.Token);
        bench.Reasons.ShouldBe([RetryReason.StoppedDeadline]);
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(1, -1)]
    [InlineData(2, 3)]
    public async Task Client_TimeoutRaisedAfterItWasMade_IsTheOneInForce(int madeWith, int raisedTo)
    {
        using HttpClient client = Client(Seconds(madeWith));
        using var bench = new RetryBench(RetryAfterTwoSeconds, clientTimeout: Noted(client));
        client.Timeout = Seconds(raisedTo);
        await RetriesAsync(bench);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(-1)]
    public async Task Client_TimeoutLoweredAfterItWasMade_IsTheOneInForce(int madeWith)
    {
        using HttpClient client = Client(Seconds(madeWith));
        using var bench = new RetryBench(RetryAfterTwoSeconds, clientTimeout: Noted(client));
        client.Timeout = TimeSpan.FromSeconds(1);
        using var caller = new CancellationTokenSource();
        using HttpResponseMessage response = await bench.SendAsync(Request(), cancellationToken: caller.Token);
        bench.Reasons.ShouldBe([RetryReason.StoppedDeadline]);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(-1)]
    public async Task Client_AnotherOfTheNameHasLonger_TheLongestHolds(int another)
    {
        using HttpClient client = Client(TimeSpan.FromSeconds(1));
        using HttpClient other = Client(Seconds(another));
        using var bench = new RetryBench(RetryAfterTwoSeconds, clientTimeout: Noted(other, client));
        await RetriesAsync(bench);
    }

    [Fact]
    public async Task Client_NoneLeft_TheRequestIsSomebodyElses()
    {
        ClientTimeout noted = NotedAndForgotten();
        for (int i = 0; i < 10 && noted.Longest != Timeout.InfiniteTimeSpan; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        using var bench = new RetryBench(RetryAfterTwoSeconds, clientTimeout: noted);
        await RetriesAsync(bench);
    }

    [Fact]
    public async Task Client_TokenThatNobodyCanCancel_IsNoClients()
    {
        using HttpClient client = Client(TimeSpan.FromSeconds(1));
        using var bench = new RetryBench(RetryAfterTwoSeconds, clientTimeout: Noted(client));
        Task<HttpResponseMessage> sending = bench.SendAsync(Request());
        bench.Clock.AdvanceToNextTimer().ShouldBeTrue();
        (await sending).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Client_TimeoutHasPassedAndNobodyCancelled_IsNotInForce()
    {
        TestClock? clock = null;
        using HttpClient client = Client(TimeSpan.FromSeconds(5));
        using var bench = new RetryBench(
            (m, n) =>
            {
                clock!.Advance(TimeSpan.FromSeconds(6));
                return RetryAfterTwoSeconds(m, n);
            },
            clientTimeout: Noted(client));
        clock = bench.Clock;
        await RetriesAsync(bench);
    }

    [Fact]
    public async Task Client_CancelsPendingRequests_EndsTheWaitAtOnce()
    {
        using var bench = new RetryBench(RetryAfterTwoSeconds);
        using var client = new HttpClient(bench.Handler, disposeHandler: false);
        Task<HttpResponseMessage> sending = client.SendAsync(Request());
        client.CancelPendingRequests();
        await Should.ThrowAsync<OperationCanceledException>(() => sending);
        bench.Stub.Sends.ShouldBe(1);
    }

    [Fact]
    public void Clients_ManyMadeAndForgotten_AreNotAllKept()
    {
        var noted = new ClientTimeout();
        using HttpClient kept = Client(TimeSpan.FromSeconds(7));
        noted.Note(kept);
        for (int i = 0; i < 10_000; i++)
        {
            NoteOne(noted);
            if (i % 1_000 == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }

        noted.Count.ShouldBeLessThan(5_000);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        noted.Longest.ShouldBe(TimeSpan.FromSeconds(7));
    }

    private static async Task RetriesAsync(RetryBench bench)
    {
        using var caller = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = bench.SendAsync(Request(), cancellationToken: caller.Token);
        bench.Clock.AdvanceToNextTimer().ShouldBeTrue();
        using HttpResponseMessage response = await sending;
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static TimeSpan Seconds(int seconds) => seconds < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds);

    private static HttpClient Client(TimeSpan timeout) => new(new StubHandler(Answers(HttpStatusCode.OK))) { Timeout = timeout };

    private static ClientTimeout Noted(params HttpClient[] clients)
    {
        var noted = new ClientTimeout();
        foreach (HttpClient client in clients)
        {
            noted.Note(client);
        }

        return noted;
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static ClientTimeout NotedAndForgotten() => Noted(Client(TimeSpan.FromSeconds(1)));

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void NoteOne(ClientTimeout noted) => noted.Note(Client(TimeSpan.FromSeconds(1)));

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(86_400_001)]
    public void SetCallerTimeout_OutOfRange_Throws(int milliseconds) =>
        Should.Throw<ArgumentOutOfRangeException>(() => Request().SetCallerTimeout(TimeSpan.FromMilliseconds(milliseconds)));
}
