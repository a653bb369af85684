using Amazon.S3;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Elastic.Clients.Elasticsearch;
using Elastic.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using StaleConnGuard.Testing;
using Stripe;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>Whose retries are on.</summary>
public enum Layers
{
    /// <summary>The SDK as it comes, without the guard.</summary>
    SdkAlone,

    /// <summary>The SDK as it comes, on a guarded client.</summary>
    Both,

    /// <summary>The SDK as docs/sdks.md sets it, on a guarded client.</summary>
    GuardsOnly,

    /// <summary>The SDK as it comes, on a guarded client with <c>Retry.Enabled = false</c>.</summary>
    SdksOnly,
}

/// <summary>How often one read is sent to a server that answers 503 to everything.</summary>
internal static class SdkAttempts
{
    /// <summary>SDKs that have retries of their own, and a read with them as they come, or as the page sets them.</summary>
    private static readonly Dictionary<string, Func<IServiceProvider, Uri, bool, Func<Task>>> s_sdks = new(StringComparer.Ordinal)
    {
        ["Azure.Storage.Blobs"] = (provider, at, own) =>
        {
            BlobContainerClient container = own
                ? new BlobContainerClient(new Uri(at, "account/orders"), new BlobClientOptions { Transport = new HttpClientTransport(Clients(provider).CreateClient("blobs")), Retry = { Delay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(10) } })
                : SdkSnippets.Azure(Clients(provider), new Uri(at, "account/orders"));
            return () => container.GetBlobClient("4711").GetPropertiesAsync();
        },
        ["AWSSDK.S3"] = (provider, at, own) =>
        {
            IAmazonS3 s3 = own
                ? new AmazonS3Client("key", "secret", new AmazonS3Config { HttpClientFactory = new FactoryOfGuardedClients(Clients(provider)), ServiceURL = at.AbsoluteUri, ForcePathStyle = true })
                : SdkSnippets.Aws(Clients(provider), at);
            return () => s3.ListObjectsV2Async(new Amazon.S3.Model.ListObjectsV2Request { BucketName = "orders" });
        },
        ["Stripe.net"] = (provider, at, own) =>
        {
            StripeClient stripe = own
                ? new StripeClient("sk_test_1", httpClient: new SystemNetHttpClient(Clients(provider).CreateClient("stripe")), apiBase: at.AbsoluteUri.TrimEnd('/'))
                : SdkSnippets.Stripe(Clients(provider), "sk_test_1", at);
            return () => new CustomerService(stripe).GetAsync("cus_1");
        },
        ["Kiota"] = (provider, at, own) =>
        {
            HttpClientRequestAdapter adapter = own
                ? new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: KiotaClientFactory.Create(provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("orders")))
                : SdkSnippets.Kiota(Clients(provider), at, new AnonymousAuthenticationProvider());
            return () => adapter.SendNoContentAsync(new RequestInformation { HttpMethod = Method.GET, URI = new Uri(at, "orders") });
        },
        ["Elasticsearch, two nodes"] = (provider, at, own) =>
        {
            var sending = new HttpRequestInvoker((_, _) => provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("elastic"));
            var settings = new ElasticsearchClientSettings(new StaticNodePool([at, new Uri($"http://localhost:{at.Port}")]), sending).DisablePing();
            var client = new ElasticsearchClient(own ? settings : settings.MaximumRetries(0));
            return async () =>
            {
                GetResponse<object> response = await client.GetAsync<object>("1", get => get.Index("orders"));
                if (!response.IsValidResponse)
                {
                    throw new HttpRequestException(response.DebugInformation);
                }
            };
        },
    };

    public static IEnumerable<string> Sdks => s_sdks.Keys;

    public static async Task<int> OfAsync(string sdk, Layers layers)
    {
        int sent = 0;
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                Interlocked.Increment(ref sent);
                await connection.AnswerAsync(request, 503, string.Empty, "Retry-After: 0\r\n");
            }
        });
        var services = new ServiceCollection();
        services.AddHttpClient();
        if (layers is not Layers.SdkAlone)
        {
            // Waits are of no interest here, and a budget that many attempts in a moment spend would only hide how many they are.
            services.AddStaleConnGuard(o =>
            {
                o.Retry.BaseDelay = TimeSpan.FromMilliseconds(1);
                o.Retry.Budget.MinRetriesPerSecond = 1000;
                if (layers is Layers.SdksOnly)
                {
                    o.Retry.Enabled = false;
                }
            });
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        await Should.ThrowAsync<Exception>(s_sdks[sdk](provider, server.Uri, layers is not Layers.GuardsOnly));
        return sent;
    }

    /// <summary>The table of docs/sdks.md.</summary>
    public static async Task<string> TableAsync()
    {
        string[] rows = await Task.WhenAll(Sdks.Select(async sdk =>
        {
            int[] counts = await Task.WhenAll(new[] { Layers.SdkAlone, Layers.Both, Layers.GuardsOnly, Layers.SdksOnly }.Select(layers => OfAsync(sdk, layers)));
            return $"| {sdk} | {string.Join(" | ", counts)} |";
        }));
        return $"""
            | SDK | as it comes, not guarded | as it comes, guarded | its retries off, as below | guarded, `Retry.Enabled = false` |
            | --- | ---: | ---: | ---: | ---: |
            {string.Join('\n', rows)}
            """;
    }

    private static IHttpClientFactory Clients(IServiceProvider provider) => provider.GetRequiredService<IHttpClientFactory>();
}
