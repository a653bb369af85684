using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

public class ExchangeInfoTests
{
    [Fact]
    public async Task GetExchangeInfo_TwoRequestsOnOneConnection_TellsThemApart()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new HttpClient(StaleConnGuardHandler.Create());

        ExchangeInfo first = await SendAsync(client, server.Uri);
        ExchangeInfo second = await SendAsync(client, server.Uri);

        first.IsReused.ShouldBeFalse();
        first.RequestsOnConnection.ShouldBe(0);
        first.ResendCount.ShouldBe(0);
        first.TimeToFirstByte!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        second.IsReused.ShouldBeTrue();
        second.ConnectionId.ShouldBe(first.ConnectionId);
        second.RequestsOnConnection.ShouldBe(1);
        second.IdleAge.ShouldBeGreaterThan(TimeSpan.Zero);
        second.ConnectionAge.ShouldBeGreaterThanOrEqualTo(second.IdleAge);
    }

    [Fact]
    public async Task GetExchangeInfo_Replayed_IsAboutTheLastConnection()
    {
        await using var race = new StaleRace(guarded: true);
        await race.WarmUpAsync();
        using HttpRequestMessage request = ReplayTests.Request("POST", "bytes").CaptureExchangeInfo();
        using HttpResponseMessage response = await race.SendAsync(request);

        ExchangeInfo info = request.GetExchangeInfo().ShouldNotBeNull();
        info.IsReused.ShouldBeFalse();
        info.ResendCount.ShouldBe(1);
    }

    [Fact]
    public async Task GetExchangeInfo_NotAskedFor_IsNull()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new HttpClient(StaleConnGuardHandler.Create());
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri);
        using HttpResponseMessage response = await client.SendAsync(request);

        request.GetExchangeInfo().ShouldBeNull();
    }

    private static async Task<ExchangeInfo> SendAsync(HttpClient client, Uri uri)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        using HttpResponseMessage response = await client.SendAsync(request.CaptureExchangeInfo());
        return request.GetExchangeInfo().ShouldNotBeNull();
    }
}
