using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Liveness;

/// <summary>HTTP/1.1, plain and over TLS, on a path that has forgotten the flow.</summary>
public class SilentDropTests
{
    private static readonly SilenceKind[] s_drops = [SilenceKind.BothWays, SilenceKind.ToServer, SilenceKind.ToClient, SilenceKind.AllButAcks];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Get_OnForgottenConnection_IsReplayedWherePlainClientHangs(bool tls)
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync(tls: tls);
        await ForgetEveryWayAsync(path, "GET", plainPatience: TimeSpan.FromSeconds(3), (kind, outcome, observer) =>
        {
            outcome.Failure.ShouldBeNull();
            outcome.Elapsed.ShouldBeLessThan(SilentClient.Soon);
            observer.Hits.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
                h => h.End.ShouldBe(ConnectionEnd.Silence),
                h => h.Delivery.ShouldBe(Delivery.Unknown),
                h => h.Decision.ShouldBe(ReplayDecision.ReplaySafeToRepeat));
            outcome.Executions.ShouldBe(kind is SilenceKind.ToClient ? 2 : 1);
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Post_OnForgottenConnection_SurfacesAndSaysWhy(bool tls)
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync(tls: tls);
        await ForgetEveryWayAsync(path, "POST", plainPatience: TimeSpan.FromSeconds(5), (kind, outcome, _) =>
        {
            outcome.Elapsed.ShouldBeInRange(SilentClient.Unacknowledged, SilentClient.Soon);
            outcome.Executions.ShouldBe(kind is SilenceKind.ToClient ? 1 : 0);
            StaleConnectionException failure = outcome.Failure.ShouldBeOfType<StaleConnectionException>();
            failure.Delivery.ShouldBe(Delivery.Unknown);
            failure.Decision.ShouldBe(ReplayDecision.SurfaceNotSafeToRepeat);
            failure.UnacknowledgedFor.ShouldNotBeNull().ShouldBeGreaterThanOrEqualTo(SilentClient.Unacknowledged);
            failure.Message.ShouldContain("nothing was acknowledged for 2.");
        });
    }

    [Fact]
    public async Task AnyRequest_BalancerAnswersWithReset_IsReplayedOrSurfacesAtOnce()
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync();
        using HttpClient plain = SilentClient.Plain(patience: TimeSpan.FromSeconds(20));
        using var get = new SilentClient();
        using var post = new SilentClient();
        Task<SilenceOutcome> broken = SilenceRun.ForgetAndSendAsync(path, plain, SilenceKind.Reset, "GET");
        Task<SilenceOutcome> getting = SilenceRun.ForgetAndSendAsync(path, get.Http, SilenceKind.Reset, "GET");
        Task<SilenceOutcome> posting = SilenceRun.ForgetAndSendAsync(path, post.Http, SilenceKind.Reset, "POST");

        (await broken).Failure.ShouldBeOfType<HttpRequestException>();
        (await getting).ShouldSatisfyAllConditions(o => o.Failure.ShouldBeNull(), o => o.Executions.ShouldBe(1));
        get.Ends.ShouldBe([ConnectionEnd.Reset]);
        SilenceOutcome surfaced = await posting;
        surfaced.Failure.ShouldBeOfType<StaleConnectionException>().Delivery.ShouldBe(Delivery.Unknown);
        surfaced.Executions.ShouldBe(0);
    }

    // The kernel sends again about 0.2, 0.5, 0.9 and 1.8 s after the write; the guard gives up soon after the second of these when it would replay.
    [Theory]
    [InlineData("GET", 0.35)]
    [InlineData("POST", 1)]
    public async Task AnyRequest_PathComesBackInTime_IsAnsweredAndExecutedOnce(string method, double after)
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync();
        using var client = new SilentClient(o => o.Transport.UnacknowledgedDataTimeout = TimeSpan.FromSeconds(5));
        SilenceOutcome outcome = await SilenceRun.ForgetAndSendAsync(path, client.Http, SilenceKind.BothWays, method, restoreAfter: TimeSpan.FromSeconds(after));
        outcome.Failure.ShouldBeNull();
        outcome.Executions.ShouldBe(1);
    }

    [Fact]
    public async Task AnyRequest_PathComesBackAfterItWasGivenUp_IsNotDeliveredLate()
    {
        Requirement.MetOrSkip(SilentPath.IsAvailable(out string reason), reason);
        await Task.WhenAll(ComesBackLateAsync("GET"), ComesBackLateAsync("POST"));
    }

    /// <summary>Each way of forgetting a flow, all at once; in each the plain client must hang.</summary>
    private static Task ForgetEveryWayAsync(SilentPath path, string method, TimeSpan plainPatience, Action<SilenceKind, SilenceOutcome, RecordingObserver> judge) =>
        Task.WhenAll(s_drops.Select(async kind =>
        {
            using HttpClient plain = SilentClient.Plain(plainPatience);
            using var guarded = new SilentClient();
            Task<SilenceOutcome> hanging = SilenceRun.ForgetAndSendAsync(path, plain, kind, method);

            SilenceOutcome outcome = await SilenceRun.ForgetAndSendAsync(path, guarded.Http, kind, method);
            TestContext.Current.TestOutputHelper!.WriteLine($"{kind}: {outcome.Elapsed.TotalSeconds:0.000} s");
            judge(kind, outcome, guarded.Observer);
            (await hanging).Failure.ShouldBeAssignableTo<OperationCanceledException>();
        }));

    private static async Task ComesBackLateAsync(string method)
    {
        await using SilentPath path = await SilentPath.CreateAsync();
        using var client = new SilentClient();
        string id = Guid.NewGuid().ToString("N");
        SilenceOutcome outcome = await SilenceRun.ForgetAndSendAsync(path, client.Http, SilenceKind.ToServer, method, id: id);
        client.Ends.ShouldBe([ConnectionEnd.Silence]);

        // What the kernel would still send: the next time 3 s after the write.
        await path.RestoreAsync();
        await Task.Delay(TimeSpan.FromSeconds(3.5));
        path.Executions.GetValueOrDefault(id).ShouldBe(method == "GET" ? 1 : 0);
        outcome.Executions.ShouldBe(path.Executions.GetValueOrDefault(id));
    }
}
