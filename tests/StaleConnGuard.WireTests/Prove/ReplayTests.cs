using System.Net;
using System.Net.Http.Json;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

public class ReplayTests
{
    public static TheoryData<string, string, bool, bool> Requests()
    {
        var data = new TheoryData<string, string, bool, bool>();
        foreach (bool tls in new[] { false, true })
        {
            foreach (bool sync in new[] { false, true })
            {
                data.Add("GET", "none", tls, sync);
                data.Add("DELETE", "none", tls, sync);
                data.Add("PUT", "bytes", tls, sync);
                data.Add("POST", "none", tls, sync);
                data.Add("POST", "bytes", tls, sync);
                data.Add("POST", "stream", tls, sync);
                if (!sync)
                {
                    data.Add("POST", "json", tls, sync);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Send_ServerClosesAsTheRequestLeaves_IsProvenAndReplayed(string method, string body, bool tls, bool sync)
    {
        await using var race = new StaleRace(guarded: true, tls);
        await race.WarmUpAsync();

        using HttpResponseMessage response = await race.SendAsync(Request(method, body), sync);

        race.Happened.ShouldBeTrue();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        race.Server.Executions["raced"].ShouldBe(1);
        race.Server.Connections.ShouldBe(2);
    }

    [Theory]
    [InlineData("bytes", false)]
    [InlineData("bytes", true)]
    [InlineData("one-shot", false)]
    public async Task PlainClient_ServerClosesAsTheRequestLeaves_Fails(string body, bool tls)
    {
        await using var race = new StaleRace(guarded: false, tls);
        await race.WarmUpAsync();

        await Should.ThrowAsync<HttpRequestException>(() => race.SendAsync(Request("POST", body)));
        race.Happened.ShouldBeTrue();
    }

    [Theory]
    [InlineData("POST", "bytes")]
    [InlineData("POST", "none")]
    [InlineData("PATCH", "bytes")]
    [InlineData("post", "none")]
    public async Task Send_UnsafeRequestAndReset_SurfacesUnknown(string method, string body)
    {
        await using var race = new StaleRace(guarded: true, ending: Ending.Reset);
        await race.WarmUpAsync();

        var e = await Should.ThrowAsync<StaleConnectionException>(() => race.SendAsync(Request(method, body)));

        e.Delivery.ShouldBe(Delivery.Unknown);
        e.Decision.ShouldBe(ReplayDecision.SurfaceNotSafeToRepeat);
        e.RequestsOnConnection.ShouldBe(1);
        race.Server.Executions.ContainsKey("raced").ShouldBeFalse();
        race.Server.Connections.ShouldBe(1);
    }

    [Theory]
    [InlineData("GET", "none", false)]
    [InlineData("PUT", "bytes", true)]
    [InlineData("DELETE", "none", false)]
    public async Task Send_SafeRequestAndReset_IsReplayedOnce(string method, string body, bool sync)
    {
        await using var race = new StaleRace(guarded: true, ending: Ending.Reset);
        await race.WarmUpAsync();

        using HttpResponseMessage response = await race.SendAsync(Request(method, body), sync);

        race.Happened.ShouldBeTrue();
        race.Server.Executions["raced"].ShouldBe(1);
    }

    [Fact]
    public async Task Send_MarkedSafeAndReset_IsReplayed()
    {
        await using var race = new StaleRace(guarded: true, ending: Ending.Reset);
        await race.WarmUpAsync();

        using HttpResponseMessage response = await race.SendAsync(Request("POST", "bytes").MarkSafeToRepeat());

        race.Server.Executions["raced"].ShouldBe(1);
    }

    internal static HttpRequestMessage Request(string method, string body) => new(new HttpMethod(method), (Uri?)null)
    {
        Content = body switch
        {
            "bytes" => new StringContent("hello"),
            "json" => JsonContent.Create(new { hello = "world" }),
            "stream" => new StreamContent(new MemoryStream([1, 2, 3])),
            "one-shot" => new StreamContent(new OneShotStream([1, 2, 3])),
            _ => null,
        },
    };
}
