using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.AspNetCore;

public class LedgerPageTests
{
    [Fact]
    public async Task Get_SomethingIsKnown_ShowsItInSeconds()
    {
        var ledger = new KeepAliveLedger();
        ledger.GetOrAdd(new OriginKey("https", "b.test", 443, null), KeepAliveSettings.Default).Advertised(TimeSpan.FromSeconds(5));
        OriginKnowledge a = ledger.GetOrAdd(new OriginKey("https", "a.test", 443, "http://proxy.test:3128"), KeepAliveSettings.Default);
        a.Surfaced();
        await using KestrelUnderTest server = await KestrelUnderTest.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton<IKeepAliveLedger>(ledger);
                builder.Services.AddStaleConnGuard();
            },
            app => app.MapStaleConnGuard("/known"));
        using var client = new HttpClient();

        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Uri, "/known"));
        using JsonDocument page = JsonDocument.Parse(await response.Content.ReadAsStringAsync());

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        JsonElement origins = page.RootElement.GetProperty("origins");
        origins.GetArrayLength().ShouldBe(2);
        origins[0].GetProperty("origin").GetString().ShouldBe("https://a.test:443");
        origins[0].GetProperty("proxy").GetString().ShouldBe("http://proxy.test:3128");
        origins[0].GetProperty("nonIdempotentSurfaced").GetInt64().ShouldBe(1);
        origins[0].GetProperty("limit").ValueKind.ShouldBe(JsonValueKind.Null);
        origins[1].GetProperty("advertised").GetDouble().ShouldBe(5);
        origins[1].GetProperty("limit").GetDouble().ShouldBe(4);
        origins[1].GetProperty("margin").GetDouble().ShouldBe(1);
        origins[1].GetProperty("limitSource").GetString().ShouldBe("Advertised");
    }

    [Fact]
    public async Task Map_GuardNotRegistered_SaysWhatToCall()
    {
        InvalidOperationException e = await Should.ThrowAsync<InvalidOperationException>(() => KestrelUnderTest.StartAsync(_ => { }, app => app.MapStaleConnGuard()));
        e.Message.ShouldContain("AddStaleConnGuard()");
    }
}
