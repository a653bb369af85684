using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>
/// gRPC over the guard: the server ends the connection in the very moment in which a call is about to be written on it. A call that was not received is replayed below gRPC,
/// whose own retries are for what the server answers.
/// </summary>
public class GrpcRaceTests(ITestOutputHelper output)
{
    private static readonly byte[] s_message = [1, 2, 3];

    // A call that stands still is to fail, and not to wait for ever.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("http")]
    [InlineData("dns")]
    public async Task Unary_NotReceived_IsReplayedBelowGrpcWhichCountsNoAttempt(string scheme)
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        (StatusCode Status, IReadOnlyList<EchoCall> Calls) plain = await RaceAsync(server, guarded: false, retries: false, UnaryAsync, scheme);
        (StatusCode Status, IReadOnlyList<EchoCall> Calls) retrying = await RaceAsync(server, guarded: false, retries: true, UnaryAsync, scheme);
        (StatusCode Status, IReadOnlyList<EchoCall> Calls) guarded = await RaceAsync(server, guarded: true, retries: false, UnaryAsync, scheme);
        (StatusCode Status, IReadOnlyList<EchoCall> Calls) both = await RaceAsync(server, guarded: true, retries: true, UnaryAsync, scheme);

        plain.Status.ShouldBe(StatusCode.Unavailable, "a race that never happened proves nothing");
        plain.Calls.ShouldBeEmpty();
        retrying.Status.ShouldBe(StatusCode.OK);
        retrying.Calls.Single().PreviousAttempts.ShouldBe("1");
        guarded.Status.ShouldBe(StatusCode.OK);
        guarded.Calls.Single().PreviousAttempts.ShouldBeNull();
        both.Status.ShouldBe(StatusCode.OK);
        both.Calls.Single().PreviousAttempts.ShouldBeNull();
    }

    [Fact]
    public async Task ServerStream_NotReceived_IsReplayed()
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        (await RaceAsync(server, guarded: false, retries: false, ServerStreamAsync)).Status.ShouldBe(StatusCode.Unavailable);
        (StatusCode status, IReadOnlyList<EchoCall> calls) = await RaceAsync(server, guarded: true, retries: false, ServerStreamAsync);
        status.ShouldBe(StatusCode.OK);
        calls.Single().PreviousAttempts.ShouldBeNull();
    }

    [Theory]
    [InlineData("client stream", false)]
    [InlineData("client stream", true)]
    [InlineData("duplex", false)]
    [InlineData("duplex", true)]
    public async Task StreamOfTheClient_NotReceived_IsReplayedAndTheCallGoesOn(string kind, bool retries)
    {
        Func<EchoClient, Task> call = kind == "duplex" ? DuplexAsync : ClientStreamAsync;
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        (await RaceAsync(server, guarded: false, retries: false, call)).Status.ShouldBe(StatusCode.Unavailable, "a race that never happened proves nothing");
        (StatusCode status, IReadOnlyList<EchoCall> calls) = await RaceAsync(server, guarded: true, retries, call);
        status.ShouldBe(StatusCode.OK);
        calls.Single().PreviousAttempts.ShouldBeNull();
    }

    [Fact]
    public async Task Deadline_OfACallThatIsExecuted_IsExceededAndNothingIsSentAgain()
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        using var client = new RacedClient(server, guarded: true, retries: false);
        await UnaryAsync(client.Echo);
        server.Log.Calls.Clear();
        using AsyncUnaryCall<byte[]> call = client.Echo.Unary([1], new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(1)));
        (await StatusOfAsync(call.ResponseAsync)).ShouldBe(StatusCode.DeadlineExceeded);
        server.Log.Calls.Count.ShouldBeLessThanOrEqualTo(1);
        await UnaryAsync(client.Echo);
    }

    [Fact]
    public async Task Retries_OfTheServiceConfig_AreGrpcsOwn()
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        using var client = new RacedClient(server, guarded: true, retries: true);
        server.Log.BeUnavailable(1);
        await UnaryAsync(client.Echo);
        server.Log.Calls.Select(call => call.PreviousAttempts).ShouldBe([null, "1"]);
    }

    [Fact]
    public async Task LoadBalancing_AtTheLimit_ConnectionsAreReplacedAndEveryCallIsAnswered()
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        using var client = new RacedClient(server, guarded: true, retries: false, scheme: "dns", options =>
        {
            options.KeepAlive.ServerTimeout = TimeSpan.FromMilliseconds(600);

            // On a machine that is late the pool would throw connections away between the moment in which it gave one to a call and the call's first byte.
            options.Transport.PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5);
        });
        for (int i = 0; i < 3; i++)
        {
            await UnaryAsync(client.Echo);
            await Task.Delay(TimeSpan.FromMilliseconds(700));
        }

        server.Log.Calls.Count.ShouldBe(3);
        server.Log.Calls.Select(call => call.ClientPort).Distinct().Count().ShouldBe(3);
    }

    private static async Task UnaryAsync(EchoClient client)
    {
        using AsyncUnaryCall<byte[]> call = client.Unary(s_message);
        (await call).ShouldBe(s_message);
    }

    private static async Task ServerStreamAsync(EchoClient client)
    {
        using AsyncServerStreamingCall<byte[]> call = client.ServerStream(s_message);
        int count = 0;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            call.ResponseStream.Current.ShouldBe(s_message);
            count++;
        }

        count.ShouldBe(3);
    }

    private static async Task ClientStreamAsync(EchoClient client)
    {
        using AsyncClientStreamingCall<byte[], byte[]> call = client.ClientStream();
        await SendAsync(call.RequestStream);
        (await call).ShouldBe([2]);
    }

    private static async Task DuplexAsync(EchoClient client)
    {
        using AsyncDuplexStreamingCall<byte[], byte[]> call = client.Duplex();
        await SendAsync(call.RequestStream);
        for (int i = 0; i < 2; i++)
        {
            (await call.ResponseStream.MoveNext(CancellationToken.None)).ShouldBeTrue();
            call.ResponseStream.Current.ShouldBe(s_message);
        }

        (await call.ResponseStream.MoveNext(CancellationToken.None)).ShouldBeFalse();
    }

    /// <summary>A write that fails says so with whatever failed it; the status is what reading says.</summary>
    private static async Task SendAsync(IClientStreamWriter<byte[]> stream)
    {
        try
        {
            await stream.WriteAsync(s_message);
            await stream.WriteAsync(s_message);
            await stream.CompleteAsync();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The caller reads.
        }
    }

    private static async Task<StatusCode> StatusOfAsync(Task call)
    {
        try
        {
            await call.WaitAsync(s_patience);
            return StatusCode.OK;
        }
        catch (RpcException e)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{e.StatusCode}: {e.Status.DebugException}");
            return e.StatusCode;
        }
    }

    /// <summary>One call to have a connection, and one on it that the server does not receive.</summary>
    private async Task<(StatusCode Status, IReadOnlyList<EchoCall> Calls)> RaceAsync(GrpcEchoServer server, bool guarded, bool retries, Func<EchoClient, Task> call, string scheme = "http")
    {
        using var client = new RacedClient(server, guarded, retries, scheme);
        await call(client.Echo);
        server.Log.Calls.Clear();
        client.EndBeforeNextHeaders();
        StatusCode status = await StatusOfAsync(call(client.Echo));
        output.WriteLine($"{(guarded ? "guarded" : "plain")}{(retries ? ", gRPC retries" : string.Empty)}: {status}, executed {string.Join(", ", server.Log.Calls)}");
        return (status, [.. server.Log.Calls]);
    }

    private sealed class RacedClient : IDisposable
    {
        private readonly ServiceProvider _provider;
        private readonly GrpcEchoServer _server;
        private int _armed;

        public RacedClient(GrpcEchoServer server, bool guarded, bool retries, string scheme = "http", Action<StaleConnGuardOptions>? configure = null)
        {
            _server = server;
            var services = new ServiceCollection();
            IHttpClientBuilder client = services.AddGrpcClient<EchoClient>(options => options.Address = scheme == "dns" ? new Uri($"dns:///localhost:{server.Address.Port}") : server.Address)
                .ConfigureChannel(options =>
                {
                    options.Credentials = ChannelCredentials.Insecure;
                    options.ServiceConfig = retries ? RetryingConfig() : null;
                })
                .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
                {
                    EnableMultipleHttp2Connections = true,
                    PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new BeforeHeadersStream(context.PlaintextStream, BeforeHeadersAsync)),
                });
            if (guarded)
            {
                client.AddStaleConnGuard(options =>
                {
                    options.Retry.Enabled = false;
                    configure?.Invoke(options);
                });
            }

            _provider = services.BuildServiceProvider();
            Echo = _provider.GetRequiredService<EchoClient>();
        }

        public EchoClient Echo { get; }

        /// <summary>The server ends its connections when the next request is about to be written, and it is written when the end has arrived.</summary>
        public void EndBeforeNextHeaders() => Volatile.Write(ref _armed, 1);

        public void Dispose() => _provider.Dispose();

        private static ServiceConfig RetryingConfig() => new()
        {
            MethodConfigs =
            {
                new MethodConfig
                {
                    Names = { MethodName.Default },
                    RetryPolicy = new Grpc.Net.Client.Configuration.RetryPolicy
                    {
                        MaxAttempts = 3,
                        InitialBackoff = TimeSpan.FromMilliseconds(10),
                        MaxBackoff = TimeSpan.FromMilliseconds(100),
                        BackoffMultiplier = 2,
                        RetryableStatusCodes = { StatusCode.Unavailable },
                    },
                },
            },
        };

        private Task BeforeHeadersAsync()
        {
            if (Interlocked.Exchange(ref _armed, 0) == 0)
            {
                return Task.CompletedTask;
            }

            // The runtime reads all the time: it learns of the end while the write waits here, and must not have to.
            _server.EndConnections();
            return Task.Delay(TimeSpan.FromMilliseconds(200));
        }
    }
}
