using System.Collections.Concurrent;
using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>A gRPC client with a method of each kind; what it sends comes back.</summary>
internal sealed class EchoClient(CallInvoker invoker)
{
    public AsyncUnaryCall<byte[]> Unary(byte[] message, CallOptions options = default) => invoker.AsyncUnaryCall(EchoServiceBase.OfUnary, host: null, options, message);

    public AsyncServerStreamingCall<byte[]> ServerStream(byte[] message, CallOptions options = default) => invoker.AsyncServerStreamingCall(EchoServiceBase.OfServerStream, host: null, options, message);

    public AsyncClientStreamingCall<byte[], byte[]> ClientStream(CallOptions options = default) => invoker.AsyncClientStreamingCall(EchoServiceBase.OfClientStream, host: null, options);

    public AsyncDuplexStreamingCall<byte[], byte[]> Duplex(CallOptions options = default) => invoker.AsyncDuplexStreamingCall(EchoServiceBase.OfDuplex, host: null, options);
}

/// <summary>One execution of a method.</summary>
/// <param name="Method">Its name.</param>
/// <param name="PreviousAttempts">What gRPC's own retries say of themselves; null when there were none.</param>
/// <param name="ClientPort">Where it came from.</param>
internal sealed record EchoCall(string Method, string? PreviousAttempts, int ClientPort);

/// <summary>What was executed, and what the methods are to do.</summary>
internal sealed class EchoLog
{
    private int _unavailable;

    public ConcurrentQueue<EchoCall> Calls { get; } = new();

    /// <summary>So many calls from now on are answered with <see cref="StatusCode.Unavailable"/>.</summary>
    public void BeUnavailable(int calls) => Volatile.Write(ref _unavailable, calls);

    public void Add(ServerCallContext context)
    {
        Calls.Enqueue(new EchoCall(context.Method[(context.Method.LastIndexOf('/') + 1)..], context.RequestHeaders.GetValue("grpc-previous-rpc-attempts"), context.GetHttpContext().Connection.RemotePort));
        if (Interlocked.Decrement(ref _unavailable) >= 0)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "Not now."));
        }
    }
}

/// <summary>As generated code is made: gRPC wants methods that are overridden.</summary>
[BindServiceMethod(typeof(EchoServiceBase), nameof(Bind))]
internal abstract class EchoServiceBase
{
    private static readonly Marshaller<byte[]> s_bytes = Marshallers.Create(static (byte[] sent) => sent, static received => received);

    public static Method<byte[], byte[]> OfUnary { get; } = Of(MethodType.Unary, nameof(Unary));

    public static Method<byte[], byte[]> OfServerStream { get; } = Of(MethodType.ServerStreaming, nameof(ServerStream));

    public static Method<byte[], byte[]> OfClientStream { get; } = Of(MethodType.ClientStreaming, nameof(ClientStream));

    public static Method<byte[], byte[]> OfDuplex { get; } = Of(MethodType.DuplexStreaming, nameof(Duplex));

    /// <summary>Called by gRPC, once without a service to learn what there is.</summary>
    public static void Bind(ServiceBinderBase binder, EchoServiceBase? service)
    {
        binder.AddMethod(OfUnary, service is null ? null : new UnaryServerMethod<byte[], byte[]>(service.Unary));
        binder.AddMethod(OfServerStream, service is null ? null : new ServerStreamingServerMethod<byte[], byte[]>(service.ServerStream));
        binder.AddMethod(OfClientStream, service is null ? null : new ClientStreamingServerMethod<byte[], byte[]>(service.ClientStream));
        binder.AddMethod(OfDuplex, service is null ? null : new DuplexStreamingServerMethod<byte[], byte[]>(service.Duplex));
    }

    public abstract Task<byte[]> Unary(byte[] request, ServerCallContext context);

    public abstract Task ServerStream(byte[] request, IServerStreamWriter<byte[]> responses, ServerCallContext context);

    public abstract Task<byte[]> ClientStream(IAsyncStreamReader<byte[]> requests, ServerCallContext context);

    public abstract Task Duplex(IAsyncStreamReader<byte[]> requests, IServerStreamWriter<byte[]> responses, ServerCallContext context);

    private static Method<byte[], byte[]> Of(MethodType type, string name) => new(type, "test.Echo", name, s_bytes, s_bytes);
}

internal sealed class EchoService(EchoLog log) : EchoServiceBase
{
    /// <summary>A message of one byte makes it wait until its caller has gone.</summary>
    public override async Task<byte[]> Unary(byte[] request, ServerCallContext context)
    {
        log.Add(context);
        if (request.Length == 1)
        {
            await Task.Delay(TimeSpan.FromMinutes(1), context.CancellationToken);
        }

        return request;
    }

    public override async Task ServerStream(byte[] request, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        log.Add(context);
        for (int i = 0; i < 3; i++)
        {
            await responses.WriteAsync(request, context.CancellationToken);
        }
    }

    public override async Task<byte[]> ClientStream(IAsyncStreamReader<byte[]> requests, ServerCallContext context)
    {
        log.Add(context);
        byte count = 0;
        while (await requests.MoveNext(context.CancellationToken))
        {
            count++;
        }

        return [count];
    }

    public override async Task Duplex(IAsyncStreamReader<byte[]> requests, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        log.Add(context);
        while (await requests.MoveNext(context.CancellationToken))
        {
            await responses.WriteAsync(requests.Current, context.CancellationToken);
        }
    }
}

/// <summary>A Kestrel with a gRPC service, whose connections can be ended by a FIN and nothing else, as a layer-4 balancer ends them.</summary>
internal sealed class GrpcEchoServer : IAsyncDisposable
{
    private readonly KestrelUnderTest _kestrel;
    private readonly ConcurrentDictionary<int, Socket> _sockets;

    private GrpcEchoServer(KestrelUnderTest kestrel, EchoLog log, ConcurrentDictionary<int, Socket> sockets)
    {
        _kestrel = kestrel;
        Log = log;
        _sockets = sockets;
    }

    public Uri Address => _kestrel.Uri;

    public EchoLog Log { get; }

    public static async Task<GrpcEchoServer> StartAsync()
    {
        var log = new EchoLog();
        var sockets = new ConcurrentDictionary<int, Socket>();
        KestrelUnderTest kestrel = await KestrelUnderTest.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton(log);
                builder.Services.AddGrpc();
            },
            app =>
            {
                app.Use((context, next) =>
                {
                    sockets[context.Connection.RemotePort] = context.Features.Get<IConnectionSocketFeature>()!.Socket;
                    return next(context);
                });
                app.MapGrpcService<EchoService>();
            },
            HttpProtocols.Http2);
        return new GrpcEchoServer(kestrel, log, sockets);
    }

    /// <summary>Ends the connections that there are. What comes on them from now on is not received.</summary>
    public void EndConnections()
    {
        foreach (Socket socket in _sockets.Values)
        {
            try
            {
                socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It has ended before.
            }
        }

        _sockets.Clear();
    }

    public ValueTask DisposeAsync() => _kestrel.DisposeAsync();
}
