using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Liveness;

/// <summary>HTTP/2: one dead connection takes all streams with it.</summary>
public class SilentHttp2Tests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnyRequest_OnForgottenConnection_IsRetriedOrSurfacesAndTheNextUsesAnother(bool byPing)
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync(HttpProtocols.Http2);
        using HttpClient plain = SilentClient.Plain(patience: TimeSpan.FromSeconds(5));
        Task<SilenceOutcome> hanging = SilenceRun.ForgetAndSendAsync(path, plain, SilenceKind.BothWays, "GET", HttpVersion.Version20);
        await Task.WhenAll(new[] { "GET", "POST" }.Select(async method =>
        {
            using var client = new SilentClient(options =>
            {
                options.Retry.Enabled = true;
                if (byPing)
                {
                    options.Transport.UnacknowledgedDataTimeout = Timeout.InfiniteTimeSpan;
                    options.Transport.KeepAlivePingDelay = TimeSpan.FromSeconds(1);
                    options.Transport.KeepAlivePingTimeout = TimeSpan.FromSeconds(1);
                }
            });
            SilenceOutcome outcome = await SilenceRun.ForgetAndSendAsync(path, client.Http, SilenceKind.BothWays, method, HttpVersion.Version20);
            TestContext.Current.TestOutputHelper!.WriteLine($"{method}: {outcome.Elapsed.TotalSeconds:0.000} s, {outcome.Failure}");
            outcome.Elapsed.ShouldBeLessThan(SilentClient.Soon);
            if (method == "GET")
            {
                outcome.Failure.ShouldBeNull();
                outcome.Executions.ShouldBe(1);
            }
            else
            {
                outcome.Failure.ShouldBeAssignableTo<HttpRequestException>();
                outcome.Executions.ShouldBe(0);
            }

            (await SilenceRun.SendAsync(path, client.Http, "POST", HttpVersion.Version20)).Failure.ShouldBeNull();
        }));
        (await hanging).Failure.ShouldBeAssignableTo<OperationCanceledException>();
    }

    /// <summary>The timeout for unacknowledged data is far away: what finds the dead connection is the early look.</summary>
    [Fact]
    public async Task Get_AfterAPauseOnForgottenConnection_IsReplayedEarly()
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync(HttpProtocols.Http2);
        using var client = new SilentClient(static options => options.Transport.UnacknowledgedDataTimeout = TimeSpan.FromMinutes(1));
        SilenceOutcome outcome = await SilenceRun.ForgetAndSendAsync(path, client.Http, SilenceKind.BothWays, "GET", HttpVersion.Version20);
        TestContext.Current.TestOutputHelper!.WriteLine($"{outcome.Elapsed.TotalSeconds:0.000} s, {outcome.Failure}");
        outcome.Failure.ShouldBeNull();
        outcome.Executions.ShouldBe(1);
        outcome.Elapsed.ShouldBeLessThan(SilentClient.Soon);
        (ConnectionEnd end, Delivery delivery, ReplayDecision decision, _) = client.Observer.Hits.ShouldHaveSingleItem();
        (end, delivery, decision).ShouldBe((ConnectionEnd.Silence, Delivery.Unknown, ReplayDecision.ReplaySafeToRepeat));
    }

    /// <summary>Ended early, the connection would fail the POST, which may not be sent again; so both wait for the timeout, and the GET is replayed then.</summary>
    [Fact]
    public async Task GetAndPost_OnForgottenConnection_ThePostIsNotFailedEarly()
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync(HttpProtocols.Http2);
        using var client = new SilentClient(static options => options.Transport.UnacknowledgedDataTimeout = TimeSpan.FromSeconds(3));
        Task<SilenceOutcome> post = SilenceRun.ForgetAndSendAsync(path, client.Http, SilenceKind.BothWays, "POST", HttpVersion.Version20);
        await Task.WhenAny(post, Task.Delay(SilenceRun.IdleAge + TimeSpan.FromMilliseconds(100)));
        SilenceOutcome get = await SilenceRun.SendAsync(path, client.Http, "GET", HttpVersion.Version20);
        get.Failure.ShouldBeNull();
        get.Executions.ShouldBe(1);
        SilenceOutcome outcome = await post;
        TestContext.Current.TestOutputHelper!.WriteLine($"POST {outcome.Elapsed.TotalSeconds:0.000} s, {outcome.Failure}");
        outcome.Failure.ShouldBeOfType<StaleConnectionException>().Delivery.ShouldBe(Delivery.Unknown);
        outcome.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(2));
        outcome.Executions.ShouldBe(0);
    }

    [Fact]
    public async Task Upload_ServerAcknowledgesAndReadsLate_IsNotCut()
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync(HttpProtocols.Http2);
        using var client = new SilentClient();
        SilenceOutcome outcome = await SilenceRun.SendAsync(
            path, client.Http, "POST", HttpVersion.Version20, new Uri(path.Uri, "late?ms=5000"), new ByteArrayContent(new byte[8 << 20]));
        outcome.Failure.ShouldBeNull();
        outcome.Executions.ShouldBe(1);
    }
}
