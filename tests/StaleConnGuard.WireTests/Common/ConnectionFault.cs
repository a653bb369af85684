using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WireMock.ResponseBuilders;
using Response = WireMock.ResponseBuilders.Response;

namespace StaleConnGuard.WireTests.Common;

/// <summary>What the stub server does to a connection instead of answering.</summary>
public enum ConnectionFault
{
    /// <summary>A reset (RST).</summary>
    ConnectionResetByPeer,

    /// <summary>Closed (FIN) without a byte.</summary>
    EmptyResponse,

    /// <summary>An OK status line, then garbage, then closed.</summary>
    MalformedResponseChunk,

    /// <summary>Garbage, then closed.</summary>
    RandomDataThenClose,
}

/// <summary>
/// Faults of the connection for WireMock.Net. Its own two faults change the body of an answer that is otherwise good HTTP; these are committed on
/// the connection's socket, at the moment when the answer would start. Which request meets one, and what was received, stays WireMock.Net's.
/// </summary>
internal static class ConnectionFaults
{
    private const string Header = "X-Connection-Fault";
    private static readonly TimeSpan s_closeLimit = TimeSpan.FromSeconds(10);

    /// <summary>An answer that becomes the fault.</summary>
    public static IResponseBuilder Answer(ConnectionFault fault) => Response.Create().WithHeader(Header, fault.ToString());

    /// <summary>To be put in front of WireMock.Net: turns the answers of <see cref="Answer"/> into faults.</summary>
    public static void Use(IApplicationBuilder application) => application.Use((context, next) =>
    {
        context.Response.OnStarting(() => Enum.TryParse(context.Response.Headers[Header], out ConnectionFault fault) ? CommitAsync(context, fault) : Task.CompletedTask);
        return next(context);
    });

    private static async Task CommitAsync(HttpContext context, ConnectionFault fault)
    {
        if (fault is not ConnectionFault.ConnectionResetByPeer)
        {
            Socket socket = context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
            await socket.SendAsync(BytesOf(fault));
            socket.Shutdown(SocketShutdown.Send);
            // The end of the connection below is a reset, and would overtake the close: only once the client has closed too is it none.
            var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using CancellationTokenRegistration onClosed = context.RequestAborted.Register(closed.SetResult);
            await closed.Task.WaitAsync(s_closeLimit);
        }

        // Kestrel resets an aborted connection, and writes nothing of the answer.
        context.Abort();
    }

    private static byte[] BytesOf(ConnectionFault fault) => fault switch
    {
        ConnectionFault.MalformedResponseChunk => "HTTP/1.1 200 OK\n\u0001lskdu018973t09sylgasjkfg1\u0001][]'./.sdlv"u8.ToArray(),
        ConnectionFault.RandomDataThenClose => "lskdu018973t09sylgasjkfg1][]'./.sdlv"u8.ToArray(),
        ConnectionFault.EmptyResponse => [],
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, null),
    };
}
