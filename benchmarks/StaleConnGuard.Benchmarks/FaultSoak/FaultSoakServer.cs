using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>fault-soak-server REQUESTS</c>, a process of its own: Kestrel that echoes, HTTP/1.1 and HTTP/2, with TLS and without, does to one request in a hundred one of the things that
/// can go wrong, and starts anew every 20 s. Counts how often each request was executed. Says its ports, and at the end of its input what was executed twice.
/// </summary>
internal sealed class FaultSoakServer(int requests)
{
    public const string Command = "fault-soak-server";
    public const int MaxBody = 60_000;

    private const int OneIn = 100;

    // A silent drop holds a POST for ten seconds, and over HTTP/2 all that share the connection: of those that are drawn only one in so many is done.
    private const int OneSilentDropIn = 4;
    private const int OneSilentHttp2DropIn = 150;
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(15);

    private static readonly object s_ended = new();

    // By id; what is above the limit of one byte is of no interest.
    private readonly byte[] _executions = new byte[requests];
    private readonly int[] _ports = [FreePort(), FreePort(), FreePort(), FreePort()];
    private readonly int[] _faults = new int[Enum.GetValues<Fault>().Length];
    private int _restarts;

    private enum Fault
    {
        FinBeforeExecuting,
        ResetBeforeExecuting,
        FinAfterExecuting,
        ResetAfterExecuting,
        HalfAnswer,
        SlowAnswer,
        Unavailable,
        GoAway,
        GoAwayAndFin,
        SlowReader,
        SilentDrop,
    }

    public static async Task<int> RunAsync(string[] args)
    {
        var server = new FaultSoakServer(int.Parse(args[0], CultureInfo.InvariantCulture));
        Console.WriteLine(string.Join(' ', server._ports));
        // The console reads on the thread that asks.
        Task input = Task.Run(Console.In.ReadToEnd);
        while (!input.IsCompleted)
        {
            await using WebApplication app = server.Make();
            await app.StartAsync();
            await Task.WhenAny(input, Task.Delay(TimeSpan.FromSeconds(20)));
            using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(input.IsCompleted ? 1 : 50));
            await app.StopAsync(now.Token);
            server._restarts++;
        }

        int executed = server._executions.Count(static times => times > 0);
        // Every third is no idempotent one: see FaultSoak.
        int twice = server._executions.Index().Count(static one => FaultSoak.IsNonIdempotent(one.Index) && one.Item > 1);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{executed} {twice} {server._restarts} {string.Join(',', Enum.GetValues<Fault>().Select(fault => $"{fault}={server._faults[(int)fault]}"))}"));
        return 0;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private WebApplication Make()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(2);
            kestrel.Listen(IPAddress.Loopback, _ports[0], static listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, _ports[1], static listen => Secure(listen, HttpProtocols.Http1));
            kestrel.Listen(IPAddress.Loopback, _ports[2], static listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, _ports[3], static listen => Secure(listen, HttpProtocols.Http2));
        });
        WebApplication app = builder.Build();
        app.Run(ServeAsync);
        return app;
    }

    private static void Secure(ListenOptions listen, HttpProtocols protocols)
    {
        listen.Protocols = protocols;
        listen.UseHttps(SelfSignedCertificate.Create(IPAddress.Loopback));
    }

    private async Task ServeAsync(HttpContext context)
    {
        int id = int.Parse(context.Request.Path.Value.AsSpan(1), CultureInfo.InvariantCulture);
        int lot = LotOf(OneIn * _faults.Length);
        Fault? fault = lot < _faults.Length ? (Fault)lot : null;
        if (fault is Fault.SilentDrop && (!DeafSocket.IsSupported || LotOf(HttpProtocol.IsHttp2(context.Request.Protocol) ? OneSilentHttp2DropIn : OneSilentDropIn) > 0))
        {
            fault = null;
        }

        if (fault is Fault at)
        {
            Interlocked.Increment(ref _faults[(int)at]);
        }

        if (fault is Fault.FinBeforeExecuting or Fault.ResetBeforeExecuting)
        {
            End(context, fault is Fault.ResetBeforeExecuting);
            return;
        }

        if (fault is Fault.Unavailable)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        using var body = new MemoryStream();
        await ReadAsync(context, body, slowly: fault is Fault.SlowReader);
        if (!TryExecute(context, id))
        {
            context.Abort();
            return;
        }

        context.Response.Headers["X-Id"] = context.Request.Path.Value![1..];
        switch (fault)
        {
            case Fault.FinAfterExecuting or Fault.ResetAfterExecuting:
                End(context, fault is Fault.ResetAfterExecuting);
                return;
            case Fault.HalfAnswer:
                context.Response.ContentLength = body.Length + 1;
                await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length / 2));
                await context.Response.Body.FlushAsync();
                End(context, isReset: false);
                return;
            case Fault.SlowAnswer:
                await Task.Delay(300);
                break;
            case Fault.GoAway or Fault.GoAwayAndFin:
                context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
                break;
        }

        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length));
        if (fault is Fault.GoAwayAndFin)
        {
            await context.Response.CompleteAsync();
            End(context, isReset: false);
        }

        if (fault is Fault.SilentDrop)
        {
            // Its answer arrives, and nothing that is sent on the connection after it. A request at work keeps Kestrel from closing it, which would be a word.
            await context.Response.CompleteAsync();
            DeafSocket.Make(context.Features.Get<IConnectionSocketFeature>()!.Socket);
            await Task.Delay(s_silence, CancellationToken.None);
            context.Abort();
        }
    }

    private static int LotOf(int all) =>
#pragma warning disable CA5394, RS0030 // Lots, not secrets; from several threads at once.
        Random.Shared.Next(all);
#pragma warning restore CA5394, RS0030

    private static async Task ReadAsync(HttpContext context, MemoryStream body, bool slowly)
    {
        if (!slowly)
        {
            await context.Request.Body.CopyToAsync(body);
            return;
        }

        byte[] some = new byte[1_000];
        while (await context.Request.Body.ReadAsync(some) is int count and > 0)
        {
            body.Write(some, 0, count);
            await Task.Delay(5);
        }
    }

    /// <summary>
    /// Kestrel reads on when the socket has been shut down beneath it. No server executes what comes behind its own FIN (RFC 9112 9.6), and neither does this one: another stream of the
    /// same connection may come here late.
    /// </summary>
    private bool TryExecute(HttpContext context, int id)
    {
        lock (ConnectionOf(context))
        {
            if (ConnectionOf(context).ContainsKey(s_ended))
            {
                return false;
            }

            lock (_executions)
            {
                _executions[id] = (byte)Math.Min(_executions[id] + 1, 100);
            }

            return true;
        }
    }

    private static IDictionary<object, object?> ConnectionOf(HttpContext context) => context.Features.Get<IConnectionItemsFeature>()!.Items;

    private static void End(HttpContext context, bool isReset)
    {
        lock (ConnectionOf(context))
        {
            ConnectionOf(context)[s_ended] = s_ended;
            EndSocket(context, isReset);
        }

        context.Abort();
    }

    private static void EndSocket(HttpContext context, bool isReset)
    {
        Socket socket = context.Features.Get<IConnectionSocketFeature>()!.Socket;
        try
        {
            if (isReset)
            {
                // Closed here: to Kestrel an abort over HTTP/2 is the end of one stream.
                socket.LingerState = new LingerOption(true, 0);
                socket.Close();
            }
            else
            {
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Another stream of the connection was first.
        }
    }
}
