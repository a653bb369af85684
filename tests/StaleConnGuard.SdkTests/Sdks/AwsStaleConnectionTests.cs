using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>The AWS SDK repeats what a connection ended under, executed or not, unless it is told not to.</summary>
public class AwsStaleConnectionTests
{
    [Fact]
    public async Task Post_ExecutedByAServerThatCloses_IsExecutedOnceWithThePagesSettingsOnly()
    {
        (await ExecutionsAsync(guarded: false, factory => new AmazonS3Config { MaxErrorRetry = 0, HttpClientFactory = new FactoryOfGuardedClients(factory) })).ShouldBeGreaterThan(1);
        (await ExecutionsAsync(guarded: false, AsOnThePage)).ShouldBe(1);
        (await ExecutionsAsync(guarded: true, AsOnThePage)).ShouldBe(1);

        static AmazonS3Config? AsOnThePage(IHttpClientFactory factory) => null;
    }

    /// <param name="guarded">Whether the client is guarded.</param>
    /// <param name="configure">Another configuration than the page's.</param>
    private static async Task<int> ExecutionsAsync(bool guarded, Func<IHttpClientFactory, AmazonS3Config?> configure)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            if (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                connection.Execute(request);
                await connection.CloseAsync();
            }
        });
        var services = new ServiceCollection();
        services.AddHttpClient();
        if (guarded)
        {
            SdkSnippets.Register(services);
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        var factory = provider.GetRequiredService<IHttpClientFactory>();
        AmazonS3Config? config = configure(factory);
        if (config is not null)
        {
            config.ServiceURL = server.Uri.AbsoluteUri;
            config.ForcePathStyle = true;
        }

        using IAmazonS3 s3 = config is null ? SdkSnippets.Aws(factory, server.Uri) : new AmazonS3Client("key", "secret", config);
        await Should.ThrowAsync<Exception>(() => s3.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = "orders", Objects = [new KeyVersion { Key = "4711" }] }));
        return server.TotalExecutions;
    }
}
