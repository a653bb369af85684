using Elastic.Clients.Elasticsearch;
using Flurl.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using RestSharp;
using StaleConnGuard.Testing;
using Stripe;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>SDKs of docs/sdks.md, by the page's own code, against a server that closes the connection under the second request.</summary>
public class SdkTests
{
    private const string Order = "{\"article\":4711}";

    private static readonly SdkAnswer s_json = new("{}");

    private static readonly Dictionary<string, Sdk> s_sdks = new(StringComparer.Ordinal)
    {
        ["named"] = new(s_json, (services, at) => SdkSnippets.Named(services, at), (provider, _) => Post(provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders"))),
        ["typed"] = new(s_json, (services, at) => SdkSnippets.Typed(services, at), (provider, _) => Post(provider.GetRequiredService<OrdersClient>().Http)),
        ["keyed"] = new(s_json, (services, at) => SdkSnippets.Keyed(services, at), (provider, _) => Post(provider.GetRequiredKeyedService<HttpClient>("orders"))),
        ["flurl"] = new(s_json, null, (provider, at) =>
        {
            IFlurlClient client = SdkSnippets.Flurl(Clients(provider), at);
            return () => client.Request("orders").PostStringAsync(Order);
        }),
        ["restsharp"] = new(s_json, null, (provider, at) =>
        {
            IRestClient client = SdkSnippets.RestSharp(Clients(provider), at);
            return async () => (await client.ExecuteAsync(new RestRequest("orders", RestSharp.Method.Post).AddStringBody(Order, DataFormat.Json))).ThrowIfError();
        }),
        ["kiota"] = new(s_json, null, (provider, at) =>
        {
            var adapter = SdkSnippets.Kiota(Clients(provider), at, new AnonymousAuthenticationProvider());
            return async () =>
            {
                var request = new RequestInformation { HttpMethod = Microsoft.Kiota.Abstractions.Method.POST, URI = new Uri(at, "orders") };
                request.SetStreamContent(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(Order)), "application/json");
                await adapter.SendNoContentAsync(request);
            };
        }),
        ["stripe"] = new(new("{\"id\":\"cus_1\",\"object\":\"customer\"}"), null, (provider, at) =>
        {
            var customers = new CustomerService(SdkSnippets.Stripe(Clients(provider), "sk_test_1", at));
            return () => customers.CreateAsync(new CustomerCreateOptions { Name = "orders" });
        }),
        ["elastic"] = new(
            new("{\"_index\":\"orders\",\"_id\":\"1\",\"_version\":1,\"result\":\"created\",\"_seq_no\":0,\"_primary_term\":1,\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0}}", 201, "Content-Type: application/vnd.elasticsearch+json;compatible-with=9\r\nX-Elastic-Product: Elasticsearch\r\n"),
            null,
            (provider, at) =>
            {
                ElasticsearchClient client = SdkSnippets.Elastic(provider.GetRequiredService<IHttpMessageHandlerFactory>(), at);
                return async () =>
                {
                    IndexResponse response = await client.IndexAsync(new { article = 4711 }, index => index.Index("orders"));
                    if (!response.IsValidResponse)
                    {
                        throw new HttpRequestException(response.DebugInformation);
                    }
                };
            }),
        ["octokit"] = new(new("{\"number\":1,\"title\":\"t\"}", 201), null, (provider, at) =>
        {
            var client = SdkSnippets.Octokit(provider.GetRequiredService<IHttpMessageHandlerFactory>(), at);
            return () => client.Issue.Create("owner", "orders", new Octokit.NewIssue("t"));
        }),
    };

    public static TheoryData<string> Sdks() => [.. s_sdks.Keys];

    [Theory]
    [MemberData(nameof(Sdks))]
    public async Task Write_ConnectionClosedUnderIt_FailsPlainAndSucceedsGuarded(string sdk)
    {
        Sdk used = s_sdks[sdk];
        await using (var plain = new SdkRace(guarded: false, used.Answer))
        {
            used.Register?.Invoke(plain.Services, plain.Uri);
            await using ServiceProvider provider = plain.Services.BuildServiceProvider();
            Func<Task> call = used.Call(provider, plain.Uri);
            await call();
            plain.Arm();
            await Should.ThrowAsync<Exception>(call);
            plain.Happened.ShouldBeTrue();

            // Nor does the SDK send it again by itself.
            plain.Server.TotalExecutions.ShouldBe(1);
        }

        await using var guarded = new SdkRace(guarded: true, used.Answer);
        used.Register?.Invoke(guarded.Services, guarded.Uri);
        await using ServiceProvider services = guarded.Services.BuildServiceProvider();
        Func<Task> healed = used.Call(services, guarded.Uri);
        await healed();
        guarded.Arm();
        await healed();
        guarded.Happened.ShouldBeTrue();
        guarded.Server.TotalExecutions.ShouldBe(2);
    }

    [Fact]
    public void Page_EveryCodeBlock_IsACompiledSnippet() => DocumentSnippets.Differences(
        System.IO.File.ReadAllText(Repository.PathOf("docs/sdks.md")), System.IO.File.ReadAllText(Repository.PathOf("tests/StaleConnGuard.SdkTests/Sdks/SdkSnippets.cs"))).ShouldBeEmpty();

    private static IHttpClientFactory Clients(IServiceProvider provider) => provider.GetRequiredService<IHttpClientFactory>();

    private static Func<Task> Post(HttpClient http) => async () =>
    {
        using HttpResponseMessage response = await http.PostAsync("orders", new StringContent(Order));
    };

    private sealed record Sdk(SdkAnswer Answer, Action<IServiceCollection, Uri>? Register, Func<IServiceProvider, Uri, Func<Task>> Call);
}
