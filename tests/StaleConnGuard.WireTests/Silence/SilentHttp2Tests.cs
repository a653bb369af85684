using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Silence;

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
