using System.Net;
using System.Net.Http.Headers;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Pipeline;

/// <summary>A followed redirect rewrites the message as the runtime's redirect handler does.</summary>
public class RedirectedRequestTests
{
    [Fact]
    public async Task Send_Get503AfterRedirect_RepeatsTheOriginalWithItsCredentials()
    {
        using var bench = new RetryBench((request, n) => n == 0 ? Redirected(request, HttpStatusCode.ServiceUnavailable) : Status(HttpStatusCode.OK));
        HttpRequestMessage request = Request();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "t");
        using HttpResponseMessage response = await bench.SendAsync(request);
        bench.Stub.Seen.Select(s => s.Uri.Host).ShouldBe(["orders.test", "orders.test"]);
        bench.Stub.Seen.Select(s => s.Headers["Authorization"]).ShouldBe(["Bearer t", "Bearer t"]);
    }

    [Fact]
    public async Task Send_PostTurnedIntoGet503_IsJudgedAsPost()
    {
        using var bench = new RetryBench((request, _) => Redirected(request, HttpStatusCode.ServiceUnavailable));
        using HttpResponseMessage response = await bench.SendAsync(Request("POST", new StringContent("order")));
        bench.Stub.Sends.ShouldBe(1);
        bench.Reasons.ShouldBe([RetryReason.StoppedNotSafeToRepeat]);
        response.RequestMessage!.RequestUri!.Host.ShouldBe("elsewhere.test");
    }

    [Fact]
    public async Task Send_MarkedPostTurnedIntoGet503_RepeatsThePostWithItsBody()
    {
        using var bench = new RetryBench((request, n) => n == 0 ? Redirected(request, HttpStatusCode.ServiceUnavailable) : Status(HttpStatusCode.OK));
        using HttpResponseMessage response = await bench.SendAsync(Request("POST", new StringContent("order")).MarkSafeToRepeat());
        bench.Stub.Seen.Select(s => s.Method).ShouldBe([HttpMethod.Post, HttpMethod.Post]);
        bench.Stub.Seen.Select(s => s.Body).ShouldBe(["order", "order"]);
    }

    [Fact]
    public async Task Send_PostWhoseRedirectTargetRefuses_IsNotTakenForNeverSent()
    {
        using var bench = new RetryBench((request, _) =>
        {
            Redirected(request, HttpStatusCode.OK).Dispose();
            throw Failures.Refused();
        });
        await Should.ThrowAsync<HttpRequestException>(() => bench.SendAsync(Request("POST", new StringContent("order"))));
        bench.Stub.Sends.ShouldBe(1);
        bench.Reasons.ShouldBe([RetryReason.StoppedNotSafeToRepeat]);
    }

    private static HttpResponseMessage Redirected(HttpRequestMessage request, HttpStatusCode status)
    {
        request.RequestUri = new Uri("http://elsewhere.test/");
        request.Headers.Authorization = null;
        if (request.Method == HttpMethod.Post)
        {
            request.Method = HttpMethod.Get;
            request.Content = null;
        }

        return Status(status);
    }
}
