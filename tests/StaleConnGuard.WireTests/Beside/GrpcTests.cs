using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>gRPC's own way to connect (client-side load balancing, channel state) works beside the guard.</summary>
public class GrpcTests
{
    private static readonly Marshaller<byte[]> s_bytes = Marshallers.Create(static (byte[] sent) => sent, static received => received);
    private static readonly Method<byte[], byte[]> s_say = new(MethodType.Unary, "test.Echo", "Say", s_bytes, s_bytes);

    [Theory]
    [InlineData("every client")]
    [InlineData("this client")]
    [InlineData("taken out")]
    public async Task LoadBalancing_OverTheClientFactory_ReachesEveryServer(string how)
    {
        var reached = new ConcurrentDictionary<int, int>();
        await using KestrelUnderTest one = await EchoAsync(reached);
        await using KestrelUnderTest two = await EchoAsync(reached);
        var services = new ServiceCollection();
        services.AddSingleton<ResolverFactory>(new StaticResolverFactory(_ => [new BalancerAddress("127.0.0.1", one.Uri.Port), new BalancerAddress("127.0.0.1", two.Uri.Port)]));
        IHttpClientBuilder client = services.AddGrpcClient<EchoClient>(o => o.Address = new Uri("static:///echo")).ConfigureChannel(o =>
        {
            o.Credentials = ChannelCredentials.Insecure;
            o.ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() } };
        });
        _ = how == "this client" ? client.AddStaleConnGuard() : how == "taken out" ? client.RemoveStaleConnGuard() : client;
        if (how != "this client")
        {
            services.AddStaleConnGuard();
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        var echo = provider.GetRequiredService<EchoClient>();

        // Round robin takes in the second server when its connection is there.
        for (int i = 0; i < 2000 && reached.Count < 2; i++)
        {
            (await echo.SayAsync([1, 2, 3])).ShouldBe([1, 2, 3]);
        }

        reached.Keys.Order().ShouldBe(new[] { one.Uri.Port, two.Uri.Port }.Order());
    }

    [Fact]
    public async Task Channels_OfOneHandler_ConnectTellTheirStateAndCall()
    {
        await using KestrelUnderTest server = await EchoAsync(new());
        var services = new ServiceCollection();
        services.AddStaleConnGuard();
        await using ServiceProvider provider = services.BuildServiceProvider();
        HttpMessageHandler handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("echo");
        using GrpcChannel byName = GrpcChannel.ForAddress($"dns:///localhost:{server.Uri.Port}", new GrpcChannelOptions { HttpHandler = handler, Credentials = ChannelCredentials.Insecure });
        using GrpcChannel byAddress = GrpcChannel.ForAddress(server.Uri, new GrpcChannelOptions { HttpHandler = handler });

        foreach (GrpcChannel channel in new[] { byName, byAddress })
        {
            channel.State.ShouldBe(ConnectivityState.Idle);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            await channel.ConnectAsync(patience.Token);
            channel.State.ShouldBe(ConnectivityState.Ready);
            for (int i = 0; i < 3; i++)
            {
                (await new EchoClient(channel.CreateCallInvoker()).SayAsync([4])).ShouldBe([4]);
            }
        }

        // A channel that is made when the handler has long been used.
        using GrpcChannel late = GrpcChannel.ForAddress($"dns:///localhost:{server.Uri.Port}", new GrpcChannelOptions { HttpHandler = handler, Credentials = ChannelCredentials.Insecure });
        (await new EchoClient(late.CreateCallInvoker()).SayAsync([5])).ShouldBe([5]);
    }

    [Fact]
    public async Task Create_IsTakenByAChannel()
    {
        await using KestrelUnderTest server = await EchoAsync(new());
        using GrpcChannel channel = GrpcChannel.ForAddress(
            $"dns:///localhost:{server.Uri.Port}", new GrpcChannelOptions { HttpHandler = StaleConnGuardHandler.Create(), Credentials = ChannelCredentials.Insecure, DisposeHttpClient = true });

        (await new EchoClient(channel.CreateCallInvoker()).SayAsync([6])).ShouldBe([6]);
    }

    private static Task<KestrelUnderTest> EchoAsync(ConcurrentDictionary<int, int> reached) => KestrelUnderTest.StartAsync(
        _ => { },
        app => app.MapPost("/test.Echo/Say", async context =>
        {
            _ = reached.AddOrUpdate(context.Connection.LocalPort, 1, static (_, count) => count + 1);
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(Framed(body.ToArray().AsSpan(5).ToArray()));
            context.Response.AppendTrailer("grpc-status", "0");
        }),
        HttpProtocols.Http2);

    private static byte[] Framed(byte[] message)
    {
        byte[] frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private sealed class EchoClient(CallInvoker invoker)
    {
        public async Task<byte[]> SayAsync(byte[] message) => await invoker.AsyncUnaryCall(s_say, host: null, new CallOptions(), message);
    }
}
