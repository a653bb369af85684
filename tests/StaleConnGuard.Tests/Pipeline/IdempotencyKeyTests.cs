using System.Net;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Pipeline;

public class IdempotencyKeyTests
{
    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.Conflict)]
    [InlineData(HttpStatusCode.UnprocessableEntity)]
    public async Task R16_ServerRefusesTheKey_IsSentOnce(HttpStatusCode status)
    {
        using var bench = new RetryBench(Answers(status));
        HttpRequestMessage request = Request("POST", new StringContent("order"));
        request.Headers.Add("Idempotency-Key", "\"k\"");
        using HttpResponseMessage response = await bench.SendAsync(request);
        response.StatusCode.ShouldBe(status);
        bench.Stub.Sends.ShouldBe(1);
    }

    [Fact]
    public async Task R16_EmptyKey_IsNoPromise()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable));
        HttpRequestMessage request = Request("POST");
        request.Headers.TryAddWithoutValidation("Idempotency-Key", " ");
        using HttpResponseMessage response = await bench.SendAsync(request);
        bench.Stub.Sends.ShouldBe(1);
    }
}
