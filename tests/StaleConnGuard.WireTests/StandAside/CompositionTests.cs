using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>The guard composes with what the application has set on its handler, and proves nothing where it cannot see the socket.</summary>
public class CompositionTests
{
    [Theory]
    [InlineData("none", true)]
    [InlineData("network stream", true)]
    [InlineData("custom stream", false)]
    [InlineData("filter", true)]
    [InlineData("filter that hides flushes", false)]
    [InlineData("filter that cannot flush", false)]
    public async Task StaleHit_WithTheApplicationsOwnStreams_IsProvenOnlyWhereTheSocketIsSeen(string kind, bool proven)
    {
        int connects = 0;
        await using var race = new StaleRace(guarded: true, configure: handler =>
        {
            Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>> filter = handler.PlaintextStreamFilter!;
            switch (kind)
            {
                case "network stream":
                    handler.ConnectCallback = async (context, cancellationToken) =>
                    {
                        connects++;
                        return await ConnectAsync(context.DnsEndPoint, cancellationToken);
                    };
                    break;
                case "custom stream":
                    handler.ConnectCallback = async (context, cancellationToken) =>
                    {
                        connects++;
                        return new OpaqueStream(await ConnectAsync(context.DnsEndPoint, cancellationToken), flush: null);
                    };
                    break;
                case "filter that hides flushes":
                    handler.PlaintextStreamFilter = async (context, cancellationToken) =>
                    {
                        connects++;
                        return new OpaqueStream(await filter(context, cancellationToken), flush: () => { });
                    };
                    break;
                case "filter that cannot flush":
                    handler.PlaintextStreamFilter = async (context, cancellationToken) =>
                    {
                        connects++;
                        return new OpaqueStream(await filter(context, cancellationToken), flush: () => throw new TimeoutException());
                    };
                    break;
                default:
                    connects = 2;
                    break;
            }
        });
        await race.WarmUpAsync();

        if (proven)
        {
            using HttpResponseMessage response = await race.SendAsync(ReplayTests.Request("POST", "bytes"));
            race.Server.Executions["raced"].ShouldBe(1);
            connects.ShouldBe(2);
        }
        else
        {
            var e = await Should.ThrowAsync<StaleConnectionException>(() => race.SendAsync(ReplayTests.Request("POST", "bytes")));
            e.Delivery.ShouldBe(Delivery.Unknown);
            connects.ShouldBe(1);
        }

        race.Happened.ShouldBeTrue();
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("POST", false)]
    public async Task StaleHit_OnAUnixDomainSocket_IsUnknown(string method, bool answered)
    {
        string path = Path.Combine(Path.GetTempPath(), $"scg-{Guid.NewGuid():N}.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var server = new ScriptedServer(_ => Task.CompletedTask);
        int executed = 0;
        Task serving = Task.Run(async () =>
        {
            for (int i = 0; i < 2; i++)
            {
                Socket socket = await listener.AcceptAsync();
                using var connection = new ScriptedConnection(server, socket, new NetworkStream(socket, ownsSocket: true), i);
                await connection.AnswerAsync((await connection.ReadRequestAsync())!, headers: "");
                if (i == 0)
                {
                    await connection.ReadRequestAsync();
                }

                executed++;
            }
        });
        using var client = new GuardedClient(configure: handler => handler.ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        });
        var uri = new Uri("http://localhost/");
        (await client.GetAsync(uri)).ShouldBe("ok");

        Task<HttpResponseMessage> sending = client.SendAsync(GuardedClient.Request(method, uri));

        if (answered)
        {
            using HttpResponseMessage response = await sending;
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            await serving;
        }
        else
        {
            (await Should.ThrowAsync<StaleConnectionException>(sending)).Delivery.ShouldBe(Delivery.Unknown);
            executed.ShouldBe(1);
        }

        await server.DisposeAsync();
        listener.Dispose();
        File.Delete(path);
    }

    [Fact]
    public async Task Handler_SharedByTwoClients_IsGuardedOnceForBoth()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        var sockets = new SocketsHttpHandler();
        var options = new StaleConnGuardOptions { Retry = { Enabled = false } };
        using var first = new HttpClient(StaleConnGuardHandler.Create(options, sockets), disposeHandler: false);
        using var second = new HttpClient(StaleConnGuardHandler.Create(options, sockets));

        (await first.GetStringAsync(server.Uri)).ShouldBe("ok");
        (await second.GetStringAsync(server.Uri)).ShouldBe("ok");

        server.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task Handler_ThatHasSentARequest_IsRefusedWithAReason()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var sockets = new SocketsHttpHandler();
        using var client = new HttpClient(sockets, disposeHandler: false);
        (await client.GetStringAsync(server.Uri)).ShouldBe("ok");

        Should.Throw<InvalidOperationException>(() => StaleConnGuardHandler.Create(null, sockets)).Message.ShouldContain("has sent a request already");
    }

    private static async Task<NetworkStream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>A stream through which nobody sees what is below.</summary>
    private sealed class OpaqueStream(Stream inner, Action? flush) : PassThroughStream(inner)
    {
        public override void Flush()
        {
            if (flush is null)
            {
                base.Flush();
                return;
            }

            flush();
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flush();
            return Task.CompletedTask;
        }
    }
}
