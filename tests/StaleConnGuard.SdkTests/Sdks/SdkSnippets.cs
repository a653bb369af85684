using Amazon.S3;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Elastic.Clients.Elasticsearch;
using Elastic.Transport;
using Flurl.Http;
using Grpc.Core;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using Octokit.Internal;
using OpenTelemetry.Exporter;
using OpenTelemetry.Trace;
using Refit;
using RestSharp;
using StaleConnGuard.WireTests.Common;
using Stripe;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>The code of docs/sdks.md.</summary>
internal static class SdkSnippets
{
    public static void Register(IServiceCollection services)
    {
        // snippet: register
        services.AddStaleConnGuard();
        // end snippet
    }

    public static void Named(IServiceCollection services, Uri address)
    {
        // snippet: named
        services.AddHttpClient("orders", http => http.BaseAddress = address);
        // end snippet
    }

    public static void Typed(IServiceCollection services, Uri address)
    {
        // snippet: typed
        services.AddHttpClient<OrdersClient>(http => http.BaseAddress = address);
        // end snippet
    }

    public static void Keyed(IServiceCollection services, Uri address)
    {
        // snippet: keyed
        services.AddHttpClient("orders", http => http.BaseAddress = address).AddAsKeyed();
        // end snippet
    }

    public static void Refit(IServiceCollection services, Uri address)
    {
        // snippet: refit
        services.AddRefitGeneratedClient<IOrdersApi>().ConfigureHttpClient(http => http.BaseAddress = address);
        // end snippet
    }

    public static IFlurlClient Flurl(IHttpClientFactory factory, Uri address)
    {
        // snippet: flurl
        HttpClient http = factory.CreateClient("orders");
        var client = new FlurlClient(http, address.AbsoluteUri);
        // end snippet
        return client;
    }

    public static IRestClient RestSharp(IHttpClientFactory factory, Uri address)
    {
        // snippet: restsharp
        HttpClient http = factory.CreateClient("orders");
        var client = new RestClient(http, new RestClientOptions(address));
        // end snippet
        return client;
    }

    public static HttpClientRequestAdapter Kiota(IHttpClientFactory factory, Uri address, IAuthenticationProvider authentication)
    {
        // snippet: kiota
        HttpClient http = factory.CreateClient("orders");
        var adapter = new HttpClientRequestAdapter(authentication, httpClient: http) { BaseUrl = address.AbsoluteUri };
        // end snippet
        return adapter;
    }

    public static void AzureClient(IServiceCollection services)
    {
        // snippet: azure-client
        services.AddHttpClient("blobs").AddStaleConnGuard(options => options.Replay.BufferOneShotUpTo = 8 * 1024 * 1024);
        // end snippet
    }

    public static BlobContainerClient Azure(IHttpClientFactory factory, Uri container)
    {
        // snippet: azure
        HttpClient http = factory.CreateClient("blobs");
        var options = new BlobClientOptions { Transport = new HttpClientTransport(http), Retry = { MaxRetries = 0 } };
        var client = new BlobContainerClient(container, options);
        // end snippet
        return client;
    }

    public static IAmazonS3 Aws(IHttpClientFactory factory, Uri address)
    {
        // snippet: aws
        var config = new AmazonS3Config
        {
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            HttpClientFactory = new FactoryOfGuardedClients(factory),
        };
        // end snippet
        config.ServiceURL = address.AbsoluteUri;
        config.ForcePathStyle = true;
        return new AmazonS3Client("key", "secret", config);
    }

    public static void Discovery(IServiceCollection services)
    {
        // snippet: discovery
        services.AddServiceDiscovery();
        services.AddHttpClient("orders", http => http.BaseAddress = new Uri("https+http://orders")).AddServiceDiscovery();
        // end snippet
    }

    public static void Grpc(IServiceCollection services, Uri address)
    {
        // snippet: grpc
        services.AddGrpcClient<EchoClient>(grpc => grpc.Address = address);
        // end snippet
    }

    public static void GrpcByName(IServiceCollection services, int port)
    {
        // snippet: grpc-dns
        services.AddGrpcClient<EchoClient>(grpc => grpc.Address = new Uri($"dns:///localhost:{port}"))
            .ConfigureChannel(channel => channel.Credentials = ChannelCredentials.Insecure);
        // end snippet
    }

    public static void OpenTelemetry(IServiceCollection services, Uri collector)
    {
        // snippet: opentelemetry
        services.AddOpenTelemetry().WithTracing(tracing => tracing.AddOtlpExporter(otlp =>
        {
            otlp.Endpoint = new Uri(collector, "v1/traces");
            otlp.Protocol = OtlpExportProtocol.HttpProtobuf;
        }));
        // end snippet
    }

    public static WebApplicationFactory<Program> OverATestServer(WebApplicationFactory<Program> gateway, TestServer warehouse)
    {
        // snippet: test-server
        WebApplicationFactory<Program> tested = gateway.WithWebHostBuilder(web => web.ConfigureTestServices(services =>
            services.AddHttpClient("warehouse").ConfigurePrimaryHttpMessageHandler(warehouse.CreateHandler)));
        // end snippet
        return tested;
    }

    public static StripeClient Stripe(IHttpClientFactory factory, string apiKey, Uri address)
    {
        // snippet: stripe
        HttpClient http = factory.CreateClient("stripe");
        var sending = new SystemNetHttpClient(http, maxNetworkRetries: 0);
        // end snippet
        return new StripeClient(apiKey, httpClient: sending, apiBase: address.AbsoluteUri.TrimEnd('/'));
    }

    public static ElasticsearchClient Elastic(IHttpMessageHandlerFactory factory, Uri address)
    {
        // snippet: elastic
        var sending = new HttpRequestInvoker((_, _) => factory.CreateHandler("elastic"));
        var settings = new ElasticsearchClientSettings(new SingleNodePool(address), sending).MaximumRetries(0);
        var client = new ElasticsearchClient(settings);
        // end snippet
        return client;
    }

    public static Octokit.GitHubClient Octokit(IHttpMessageHandlerFactory factory, Uri address)
    {
        // snippet: octokit
        var connection = new Octokit.Connection(
            new Octokit.ProductHeaderValue("orders"), address, new InMemoryCredentialStore(new Octokit.Credentials("token")),
            new HttpClientAdapter(() => factory.CreateHandler("github")), new SimpleJsonSerializer());
        var client = new Octokit.GitHubClient(connection);
        // end snippet
        return client;
    }
}

// snippet: aws-factory
internal sealed class FactoryOfGuardedClients(IHttpClientFactory factory) : Amazon.Runtime.HttpClientFactory
{
    public override HttpClient CreateHttpClient(Amazon.Runtime.IClientConfig clientConfig) => factory.CreateClient("s3");
}
// end snippet

/// <summary>A typed client.</summary>
internal sealed class OrdersClient(HttpClient http)
{
    public HttpClient Http { get; } = http;
}

/// <summary>A service that Refit makes a client for.</summary>
public interface IOrdersApi
{
    [Post("/orders")]
    Task<string> PlaceAsync([Body] string order);
}
