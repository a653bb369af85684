using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using StaleConnGuard.Testing;
using StaleConnGuard.WireTests.Common;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>The gRPC clients of docs/sdks.md: the server ends the connection as a call is about to be written on it.</summary>
public class GrpcSdkTests
{
    private static readonly byte[] s_message = [1, 2, 3];

    [Theory]
    [InlineData("http", "unary")]
    [InlineData("http", "server stream")]
    [InlineData("dns", "unary")]
    [InlineData("dns", "server stream")]
    public async Task Call_ConnectionEndedUnderIt_FailsPlainAndIsAnsweredGuarded(string scheme, string call)
    {
        (await RaceAsync(guarded: false, scheme, call)).ShouldBe((StatusCode.Unavailable, 0), "a race that never happened proves nothing");
        (await RaceAsync(guarded: true, scheme, call)).ShouldBe((StatusCode.OK, 1));
    }

    /// <summary>How the second call ends, and how often it was executed.</summary>
    private static async Task<(StatusCode Status, int Executed)> RaceAsync(bool guarded, string scheme, string kind)
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        bool armed = false;
        var services = new ServiceCollection();
        services.PostConfigureAll<HttpClientFactoryOptions>(o => o.HttpMessageHandlerBuilderActions.Add(chain => chain.PrimaryHandler = new SocketsHttpHandler
        {
            PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new BeforeHeadersStream(context.PlaintextStream, async () =>
            {
                if (!armed)
                {
                    return;
                }

                armed = false;
                server.EndConnections();

                // The runtime reads all the time: it learns of the end while the write waits here, and must not have to.
                await Task.Delay(200);
            })),
        }));
        if (guarded)
        {
            SdkSnippets.Register(services);
        }

        if (scheme == "dns")
        {
            SdkSnippets.GrpcByName(services, server.Address.Port);
        }
        else
        {
            SdkSnippets.Grpc(services, server.Address);
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<EchoClient>();
        await CallAsync(client, kind);
        server.Log.Calls.Clear();
        armed = true;
        try
        {
            await CallAsync(client, kind);
            return (StatusCode.OK, server.Log.Calls.Count);
        }
        catch (RpcException e)
        {
            return (e.StatusCode, server.Log.Calls.Count);
        }
    }

    private static async Task CallAsync(EchoClient client, string kind)
    {
        if (kind == "unary")
        {
            using AsyncUnaryCall<byte[]> unary = client.Unary(s_message);
            (await unary).ShouldBe(s_message);
            return;
        }

        using AsyncServerStreamingCall<byte[]> stream = client.ServerStream(s_message);
        while (await stream.ResponseStream.MoveNext(CancellationToken.None))
        {
            stream.ResponseStream.Current.ShouldBe(s_message);
        }
    }
}
