using Amazon.S3;
using Amazon.S3.Model;
using Azure.Storage.Blobs;
using Elastic.Clients.Elasticsearch;
using Flurl.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using RestSharp;
using Stripe;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>An SDK of docs/sdks.md with the page's own code, and a write that it sends.</summary>
/// <param name="Answer">What its service would answer.</param>
/// <param name="Register">What the application registers.</param>
/// <param name="Call">The write.</param>
internal sealed record SdkCase(SdkAnswer Answer, Action<IServiceCollection, Uri>? Register, Func<IServiceProvider, Uri, Func<Task>> Call)
{
    private const string Order = "{\"article\":4711}";

    private static readonly SdkAnswer s_json = new("{}");

    private static readonly Dictionary<string, SdkCase> s_all = new(StringComparer.Ordinal)
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
        ["refit"] = new(new("\"ok\""), (services, at) => SdkSnippets.Refit(services, at), (provider, _) =>
        {
            IOrdersApi orders = provider.GetRequiredService<IOrdersApi>();
            return () => orders.PlaceAsync(Order);
        }),
        ["azure"] = new(
            new(string.Empty, 201, "ETag: \"1\"\r\nLast-Modified: Thu, 26 Nov 2026 12:00:00 GMT\r\nx-ms-request-id: 1\r\nx-ms-version: 2025-01-05\r\n"),
            (services, _) => SdkSnippets.AzureClient(services),
            (provider, at) =>
            {
                BlobContainerClient container = SdkSnippets.Azure(Clients(provider), new Uri(at, "account/orders"));
                return () => container.GetBlobClient("4711").UploadAsync(BinaryData.FromString(Order), overwrite: true);
            }),
        ["aws"] = new(new("<DeleteResult/>", 200, "Content-Type: application/xml\r\nx-amz-request-id: 1\r\n"), null, (provider, at) =>
        {
            // A POST with a body. (A PUT of an object expects 100-continue, and the runtime repeats what has not begun its body.)
            IAmazonS3 s3 = SdkSnippets.Aws(Clients(provider), at);
            return () => s3.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = "orders", Objects = [new KeyVersion { Key = "4711" }] });
        }),
        ["discovery"] = new(
            s_json,
            (services, at) =>
            {
                services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("Services:orders:http:0", at.AbsoluteUri)]).Build());
                SdkSnippets.Discovery(services);
            },
            (provider, _) => Post(Clients(provider).CreateClient("orders"))),
        ["octokit"] = new(new("{\"number\":1,\"title\":\"t\"}", 201), null, (provider, at) =>
        {
            var client = SdkSnippets.Octokit(provider.GetRequiredService<IHttpMessageHandlerFactory>(), at);
            return () => client.Issue.Create("owner", "orders", new Octokit.NewIssue("t"));
        }),
    };

    public static IReadOnlyDictionary<string, SdkCase> All => s_all;

    private static IHttpClientFactory Clients(IServiceProvider provider) => provider.GetRequiredService<IHttpClientFactory>();

    private static Func<Task> Post(HttpClient http) => async () =>
    {
        using HttpResponseMessage response = await http.PostAsync("orders", new StringContent(Order));
    };
}
