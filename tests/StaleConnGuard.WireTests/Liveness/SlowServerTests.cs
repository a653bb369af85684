using System.Diagnostics;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Liveness;

/// <summary>A server that acknowledges is not dead, however long it takes: here three times as long as data may go unacknowledged.</summary>
public class SlowServerTests
{
    private static readonly TimeSpan s_late = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("SLOW_SERVER_SECONDS") ?? "6"));

    [Fact]
    public async Task AnyRequest_ServerAcknowledgesAndAnswersLate_IsNeitherCutNorRepeated()
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync();
        await Task.WhenAll(AnswersLateAsync(path, "GET"), AnswersLateAsync(path, "POST"));
    }

    private static async Task AnswersLateAsync(SilentPath path, string method)
    {
        using var client = new SilentClient(Impatient);
        await SilenceRun.WarmUpAsync(path, client.Http);
        await SilenceRun.RestAsync(Stopwatch.GetTimestamp());
        SilenceOutcome outcome = await SilenceRun.SendAsync(path, client.Http, method, uri: Late(path));
        outcome.Failure.ShouldBeNull();
        outcome.Elapsed.ShouldBeGreaterThan(s_late - TimeSpan.FromSeconds(0.5));
        outcome.Executions.ShouldBe(1);
        client.Observer.Hits.ShouldBeEmpty();
    }

    [Fact]
    public async Task Upload_ServerAcknowledgesAndReadsLate_IsNeitherCutNorRepeated()
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync();
        using var client = new SilentClient(Impatient);
        await SilenceRun.WarmUpAsync(path, client.Http);
        await SilenceRun.RestAsync(Stopwatch.GetTimestamp());
        var body = new TimedStream(new MemoryStream(new byte[32 << 20]));
        SilenceOutcome outcome = await SilenceRun.SendAsync(path, client.Http, "POST", uri: Late(path), content: new StreamContent(body));
        outcome.Failure.ShouldBeNull();
        outcome.Executions.ShouldBe(1);
        client.Observer.Hits.ShouldBeEmpty();

        // The server's window really was closed for that long: nobody took the body.
        body.LongestPause.ShouldBeGreaterThan(s_late - TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task AnyRequest_PathDiesWhileServerWorks_IsFoundByProbes()
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync();
        await Task.WhenAll(DiesWhileServerWorksAsync(path, "GET"), DiesWhileServerWorksAsync(path, "POST"));
    }

    private static async Task DiesWhileServerWorksAsync(SilentPath path, string method)
    {
        using var client = new SilentClient(Impatient);
        int port = await SilenceRun.WarmUpAsync(path, client.Http);

        // It acknowledges, so only the kernel's probes find out: a second, then twice one without an answer.
        Task<SilenceOutcome> sending = SilenceRun.SendAsync(path, client.Http, method, uri: new Uri(path.Uri, "late?ms=3000"));
        await Task.Delay(TimeSpan.FromSeconds(0.5));
        await path.ForgetAsync(SilenceKind.BothWays, [port]);
        SilenceOutcome outcome = await sending;
        client.Ends.ShouldBe([ConnectionEnd.Silence]);
        outcome.Executions.ShouldBe(method == "GET" ? 2 : 1);
        if (method == "GET")
        {
            outcome.Failure.ShouldBeNull();
        }
        else
        {
            StaleConnectionException failure = outcome.Failure.ShouldBeOfType<StaleConnectionException>();
            failure.Delivery.ShouldBe(Delivery.Unknown);
            failure.UnacknowledgedFor.ShouldBeNull();
        }
    }

    private static Uri Late(SilentPath path) => new(path.Uri, $"late?ms={s_late.TotalMilliseconds:0}");

    private static void Impatient(StaleConnGuardOptions options)
    {
        options.Transport.TcpKeepAlive.Time = TimeSpan.FromSeconds(1);
        options.Transport.TcpKeepAlive.Interval = TimeSpan.FromSeconds(1);
        options.Transport.TcpKeepAlive.Probes = 2;
    }
}
