using System.Net;
using StaleConnGuard.Cli;
using StaleConnGuard.Testing;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace StaleConnGuard.Tests.Cli;

/// <summary>What the proxy sends again above the guard: what no upstream can have seen, for as long as it may wait; what may have been executed once at most, if it is safe to repeat.</summary>
public class UpstreamHandlerTests
{
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Send_UpstreamComesBackInTime_IsAnswered(string method)
    {
        var clock = new TestClock();
        var upstream = new StubHandler((_, _) => clock.Elapsed < TimeSpan.FromSeconds(1) ? throw Refused() : new HttpResponseMessage(HttpStatusCode.OK));

        using HttpResponseMessage response = await SendAsync(upstream, method, clock);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        clock.Elapsed.ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.3));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Send_UpstreamStaysAway_FailsWhenTheWaitIsOver(string method)
    {
        var clock = new TestClock();
        var upstream = new StubHandler((_, _) => throw Refused());

        (await Should.ThrowAsync<HttpRequestException>(() => SendAsync(upstream, method, clock))).HttpRequestError.ShouldBe(HttpRequestError.ConnectionError);

        clock.Elapsed.ShouldBeInRange(TimeSpan.FromSeconds(1.5), s_wait);
        upstream.Sends.ShouldBeInRange(5, 20);
    }

    [Fact]
    public async Task Send_NoWait_FailsAtOnce()
    {
        var upstream = new StubHandler((_, _) => throw Refused());

        await Should.ThrowAsync<HttpRequestException>(() => SendAsync(upstream, "GET", new TestClock(), TimeSpan.Zero));

        upstream.Sends.ShouldBe(1);
    }

    [Theory]
    [InlineData("GET", 2)]
    [InlineData("PUT", 2)]
    [InlineData("POST", 1)]
    [InlineData("PATCH", 1)]
    public async Task Send_ConnectionIsLostAgainAndAgain_SafeToRepeatGoesOutOnceMoreAndTheRestNever(string method, int sends)
    {
        var upstream = new StubHandler((_, _) => throw Lost());

        await Should.ThrowAsync<HttpRequestException>(() => SendAsync(upstream, method, new TestClock()));

        upstream.Sends.ShouldBe(sends);
    }

    [Fact]
    public async Task Send_RefusedAndThenLost_APostIsNotSentAgain()
    {
        var upstream = new StubHandler((_, number) => throw (number == 0 ? Refused() : Lost()));

        await Should.ThrowAsync<HttpRequestException>(() => SendAsync(upstream, "POST", new TestClock()));

        upstream.Sends.ShouldBe(2);
    }

    [Fact]
    public async Task Send_LostAndThenRefused_AGetWaits()
    {
        var upstream = new StubHandler((_, number) => number switch { 0 => throw Lost(), < 5 => throw Refused(), _ => new HttpResponseMessage(HttpStatusCode.OK) });

        using HttpResponseMessage response = await SendAsync(upstream, "GET", new TestClock());

        upstream.Sends.ShouldBe(6);
    }

    [Fact]
    public async Task Send_ConnectionIsLostWithABodyThatWasRead_IsNotSentAgain()
    {
        var upstream = new StubHandler((_, _) => throw Lost());
        using var request = new HttpRequestMessage(HttpMethod.Put, "http://a/") { Content = new StreamContent(new OneShotStream(new byte[3])) };

        await Should.ThrowAsync<HttpRequestException>(() => SendAsync(upstream, request, new TestClock(), s_wait));

        upstream.Sends.ShouldBe(1);
    }

    [Fact]
    public async Task Send_GuardKnowsThatThePostHasLeft_ARefusedConnectionIsNoWordThatItHasNot()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://a/");
        RequestAttempts.GetOrAttach(request).Delivery = Delivery.Unknown;
        var upstream = new StubHandler((_, _) => throw Refused());

        await Should.ThrowAsync<HttpRequestException>(() => SendAsync(upstream, request, new TestClock(), s_wait));

        upstream.Sends.ShouldBe(1);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadGateway)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task Send_UpstreamAnswersWithAnError_ItIsPassedOn(HttpStatusCode status)
    {
        var upstream = new StubHandler((_, _) => new HttpResponseMessage(status));

        using HttpResponseMessage response = await SendAsync(upstream, "GET", new TestClock());

        response.StatusCode.ShouldBe(status);
        upstream.Sends.ShouldBe(1);
    }

    [Fact]
    public async Task Send_ClientGoesAwayWhileItWaits_EndsAtOnce()
    {
        using var gone = new CancellationTokenSource();
        var clock = new TestClock();
        var upstream = new StubHandler((_, _) => throw Refused());
        using var invoker = new HttpMessageInvoker(New(upstream, clock, s_wait));
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://a/");

        Task sending = invoker.SendAsync(request, gone.Token);
        await clock.WaitForTimerAsync();
        await gone.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => sending);
        upstream.Sends.ShouldBe(1);
    }

    private static HttpRequestException Refused() => new(HttpRequestError.ConnectionError, "refused");

    private static HttpRequestException Lost() => new(HttpRequestError.ResponseEnded, "lost");

    private static UpstreamHandler New(StubHandler upstream, TestClock clock, TimeSpan wait) =>
        new(() => null, new UpstreamHealthPolicy(new NoHealth()), wait, clock) { InnerHandler = upstream };

    private static async Task<HttpResponseMessage> SendAsync(StubHandler upstream, string method, TestClock clock, TimeSpan? wait = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "http://a/");
        return await SendAsync(upstream, request, clock, wait ?? s_wait);
    }

    private static async Task<HttpResponseMessage> SendAsync(StubHandler upstream, HttpRequestMessage request, TestClock clock, TimeSpan wait)
    {
        using var invoker = new HttpMessageInvoker(New(upstream, clock, wait));
        Task<HttpResponseMessage> sending = invoker.SendAsync(request, TestContext.Current.CancellationToken);
        while (!sending.IsCompleted)
        {
            await Task.WhenAny(sending, clock.WaitForTimerAsync());
            if (clock.NextDue is TimeSpan due)
            {
                clock.Advance(due);
            }
        }

        return await sending;
    }

    private sealed class NoHealth : IDestinationHealthUpdater
    {
        public void SetPassive(ClusterState cluster, DestinationState destination, DestinationHealth newHealth, TimeSpan reactivationPeriod)
        {
        }

        public void SetActive(ClusterState cluster, IEnumerable<NewActiveDestinationHealth> newHealthStates)
        {
        }
    }
}
