using System.Net;
using static StaleConnGuard.WireTests.Prove.ReplayTests;

namespace StaleConnGuard.WireTests.Recover;

/// <summary>What may be sent again (RFC 9110 9.2.2), with the whole library on the wire. Numbers as in docs/rfc-list.md.</summary>
public class RfcRepeatTests
{
    public static TheoryData<string, string, Fault, bool, bool, bool> Unsafe()
    {
        var data = new TheoryData<string, string, Fault, bool, bool, bool>();
        foreach (Fault fault in (Fault[])[Fault.CloseAfterReading, Fault.ResetAfterReading])
        {
            foreach (bool sync in (bool[])[false, true])
            {
                foreach (bool reused in (bool[])[false, true])
                {
                    data.Add("POST", "none", fault, reused, sync, false);
                    data.Add("POST", "bytes", fault, reused, sync, true);
                    data.Add("POST", "one-shot", fault, reused, sync, false);
                    data.Add("PATCH", "stream", fault, reused, sync, true);
                    data.Add("post", "bytes", fault, reused, sync, false);
                    data.Add("FROB", "none", fault, reused, sync, false);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Unsafe))]
    public async Task R01_UnsafeRequestThatWasRead_IsSentOnce(string method, string body, Fault fault, bool reused, bool sync, bool tls)
    {
        await using var server = new RfcServer(fault, reused, tls: tls);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => server.SendAsync(Request(method, body), sync));
        server.Executions.ShouldBe(1);
    }

    public static TheoryData<string, string, Fault, bool, bool, bool> Safe()
    {
        var data = new TheoryData<string, string, Fault, bool, bool, bool>();
        foreach (Fault fault in (Fault[])[Fault.CloseAfterReading, Fault.ResetAfterReading])
        {
            foreach (bool reused in (bool[])[false, true])
            {
                foreach (string method in (string[])["GET", "HEAD", "OPTIONS", "TRACE", "DELETE"])
                {
                    data.Add(method, "none", fault, reused, method == "GET", method == "DELETE");
                }

                data.Add("PUT", "bytes", fault, reused, true, true);
                data.Add("PUT", "stream", fault, reused, false, false);
                data.Add("QUERY", "bytes", fault, reused, false, false);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Safe))]
    public async Task R02_SafeRequestThatWasRead_IsRepeated(string method, string body, Fault fault, bool reused, bool sync, bool tls)
    {
        await using var server = new RfcServer(fault, reused, tls: tls);
        using HttpResponseMessage response = await server.SendAsync(Request(method, body), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions.ShouldBe(2);
    }

    [Theory]
    [InlineData(Fault.CloseAfterReading)]
    [InlineData(Fault.ResetAfterReading)]
    public async Task R02_SafeRequestWithAOneShotBody_IsSentOnce(Fault fault)
    {
        await using var server = new RfcServer(fault);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => server.SendAsync(Request("PUT", "one-shot")));
        server.Executions.ShouldBe(1);
    }

    [Theory]
    [InlineData(Fault.CloseAfterReading)]
    [InlineData(Fault.ResetAfterReading)]
    public async Task R03_ReplayThatFails_IsNotReplayedAgain(Fault fault)
    {
        await using var server = new RfcServer(fault, always: true, configure: r => r.Enabled = false);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => server.SendAsync(Request("GET", "none")));
        server.Executions.ShouldBe(2);
    }

    [Theory]
    [InlineData(Fault.CloseAfterReading, 3)]
    [InlineData(Fault.ResetAfterReading, 3)]
    [InlineData(Fault.ResetAfterReading, 1)]
    public async Task R03_ReplayAndRetriesTogether_AddUpAndDoNotMultiply(Fault fault, int maxRetries)
    {
        await using var server = new RfcServer(fault, always: true, configure: r => r.MaxRetries = maxRetries);
        HttpRequestMessage request = Request("GET", "none");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => server.SendAsync(request));
        // The first, one replay without proof, and the retries.
        server.Executions.ShouldBe(1 + 1 + maxRetries);
        RequestAttempts.Find(request)!.Resends.ShouldBe(1 + maxRetries);
    }

    [Fact]
    public async Task R04_ProxyThatTrustsNoProof_NeverRepeatsAPost()
    {
        var options = new StaleConnGuardOptions { Replay = { NonIdempotentReplay = NonIdempotentReplay.Never }, Retry = { BaseDelay = TimeSpan.Zero } };
        await using var race = new StaleRace(guarded: true, options: options);
        await race.WarmUpAsync();
        var e = await Assert.ThrowsAsync<StaleConnectionException>(() => race.SendAsync(Request("POST", "bytes")));
        e.Decision.ShouldBeOneOf(ReplayDecision.SurfaceProofNotTrusted, ReplayDecision.SurfaceNotSafeToRepeat);
        race.Server.Executions.ContainsKey("raced").ShouldBeFalse();
    }

    [Fact]
    public async Task R16_IdempotencyKey_IsTheSameOnReplayAndRetry()
    {
        await using var server = new RfcServer(Fault.CloseAfterReading, always: true);
        HttpRequestMessage request = Request("POST", "bytes");
        request.Headers.Add("Idempotency-Key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => server.SendAsync(request));
        server.Executions.ShouldBe(1 + 1 + 3);
        request.Headers.GetValues("Idempotency-Key").ShouldBe(["\"8e03978e-40d5-43dd-bc93-6894a57f9324\""]);
    }

    [Fact]
    public async Task R19_CallerCancels_IsSentOnce()
    {
        using var cancel = new CancellationTokenSource();
        await using var server = new Testing.ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is { } request)
            {
                connection.Execute(request);
                await cancel.CancelAsync();
            }
        });
        using HttpClient client = RetryClient.Create();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetAsync(server.Uri, cancel.Token));
        server.TotalExecutions.ShouldBe(1);
    }
}
