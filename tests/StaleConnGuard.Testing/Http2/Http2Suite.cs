using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>Races every kind of HTTP/2 request on real packets, 10 ms each way, against servers that close idle connections in all the ways there are.</summary>
public static partial class Http2Suite
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_never = TimeSpan.FromMinutes(10);

    /// <summary>A server that no proof holds for: what reaches it behind its own FIN it executes.</summary>
    public const string ExecutesAfterFin = "FIN, and executes what still comes";

    public static IReadOnlyList<string> Servers { get; } =
        ["bare FIN", "GOAWAY of all, FIN", "layer4", "layer4, TLS", "nghttpx", "nginx-h2c", "nginx-tls", "caddy-h2c", "haproxy-h2c", "h2o", "apache-h2c", "kestrel", "reset", ExecutesAfterFin];

    /// <summary>One server: plain, guarded, and guarded with the timeout configured, all kinds, at the same time.</summary>
    public static async Task<IReadOnlyList<Http2Row>> RunAsync(string server, int workers, int rounds)
    {
        using DelayedLink link = DelayedLink.Create(s_delay);
        var parts = new Stack<IAsyncDisposable>();
        try
        {
            (Uri address, Func<Task<ExecutionLog>> executions) = await StartAsync(server, link, parts);
            ClosingTimes closing = await ClosingTimes.MeasureAsync(address);
            (string Client, Func<SocketsHttpHandler, HttpMessageHandler> Make)[] clients =
            [
                ("plain", static sockets => sockets),
                ("guarded", static sockets => Guarded(new StaleConnGuardOptions { Retry = { Enabled = false } }, sockets)),
                ("configured", static sockets => Guarded(new StaleConnGuardOptions { Retry = { Enabled = false }, KeepAlive = { ServerTimeout = s_idle } }, sockets)),
            ];
            (string Client, Http2Race Race)[] races = [.. clients.SelectMany(client => Http2Race.Kinds.Select(kind => (client.Client, new Http2Race(address, s_idle, s_delay, kind, client.Make) { Closing = closing })))];
            await Task.WhenAll(races.Select(race => race.Race.RunAsync(workers, rounds)));
            ExecutionLog log = await executions();
            return [.. races.Select(race => new Http2Row(server, race.Client, race.Race.Kind, race.Race.Sent, race.Race.Raced, race.Race.Failures.Count, log.CountExecutedTwice(race.Race.Ids), [.. race.Race.Failures.Select(WhyOf)]))];
        }
        finally
        {
            while (parts.TryPop(out IAsyncDisposable? part))
            {
                await part.DisposeAsync();
            }
        }
    }

    /// <summary>The decision, how the connection ended, and what its exception says of the bytes, without what differs from one to the next.</summary>
    private static string WhyOf(Exception failure)
    {
        if (failure is not StaleConnectionException stale)
        {
            return failure.GetType().Name + ": " + failure.GetBaseException().Message;
        }

        Exception? ended = stale;
        while (ended is not (null or SharedConnectionEndedException))
        {
            ended = ended.InnerException;
        }

        string acknowledged = Numbers().Match(ended?.Message ?? string.Empty) is { Success: true } match
            ? match.Groups["taken"].Value == match.Groups["written"].Value ? ", all bytes acknowledged" : ", not all bytes acknowledged"
            : string.Empty;
        string how = stale.Message.Contains("was reset", StringComparison.Ordinal) ? "reset" : "closed";
        return $"{stale.Decision}, {stale.Delivery}, {how}{acknowledged}";
    }

    [GeneratedRegex("acknowledged (?<taken>[0-9]+) of (?<written>[0-9]+) bytes", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Numbers();

    private static HttpMessageHandler Guarded(StaleConnGuardOptions options, SocketsHttpHandler sockets) => StaleConnGuardHandler.Create(options, sockets, new KeepAliveLedger(), listener: null);

    /// <summary>Starts a server of this name behind the link, and pushes what is to be stopped.</summary>
    public static async Task<(Uri Address, Func<Task<ExecutionLog>> Executions)> StartAsync(string name, DelayedLink link, Stack<IAsyncDisposable> parts)
    {
        if (name == ExecutesAfterFin)
        {
            ScriptedHttp2Server server = ScriptedHttp2Server.StartExecutingAfterFin(s_idle, link);
            parts.Push(server);
            return (server.Address, () => Task.FromResult(server.Executions));
        }

        if (name is "bare FIN" or "GOAWAY of all, FIN" or "reset")
        {
            Http2End end = name == "bare FIN" ? Http2End.Fin : name == "reset" ? Http2End.Reset : Http2End.GoAwayOfAll;
            ScriptedHttp2Server scripted = ScriptedHttp2Server.Start(s_idle, end, link: link);
            parts.Push(scripted);
            return (scripted.Address, () => Task.FromResult(scripted.Executions));
        }

        if (name == "kestrel")
        {
            var executions = new ExecutionLog();
            KestrelUnderTest kestrel = await KestrelUnderTest.StartAsync(
                static builder => builder.WebHost.ConfigureKestrel(static options => options.Limits.KeepAliveTimeout = s_idle),
                app => app.Run(async context =>
                {
                    await context.Request.Body.CopyToAsync(Stream.Null);
                    _ = executions.Add(context.Request.Headers["X-Request-Id"], new Execution(0, 0));
                    await context.Response.WriteAsync("ok");
                }),
                HttpProtocols.Http2,
                link);
            parts.Push(kestrel);
            return (kestrel.Uri, () => Task.FromResult(executions));
        }

        bool isBalanced = name.StartsWith("layer4", StringComparison.Ordinal);
        if (!isBalanced && name != "nghttpx")
        {
            RealServer server = await RealServer.StartAsync(name, s_idle, link);
            parts.Push(server);
            return (server.Address, server.ReadExecutionsAsync);
        }

        bool tls = name.EndsWith("TLS", StringComparison.Ordinal);
        RealServer behind = await RealServer.StartAsync(isBalanced ? tls ? "nginx-tls" : "nginx-h2c" : "nginx-http", s_never, link);
        parts.Push(behind);
        RealServer front = await RealServer.StartAsync(isBalanced ? "layer4" : name, s_idle, link, upstream: behind.Address);
        parts.Push(front);
        return (new UriBuilder(front.Address) { Scheme = behind.Address.Scheme }.Uri, behind.ReadExecutionsAsync);
    }
}

/// <summary>One cell of the table.</summary>
/// <param name="Server">Which server.</param>
/// <param name="Client">Plain, guarded, or configured.</param>
/// <param name="Kind">Of request.</param>
/// <param name="Sent">Requests that were aimed.</param>
/// <param name="Raced">Those that met the close.</param>
/// <param name="Failed">Those that failed.</param>
/// <param name="ExecutedTwice">By the server's own count.</param>
/// <param name="Why">Of each that failed, the decision and the evidence.</param>
public sealed record Http2Row(string Server, string Client, string Kind, int Sent, int Raced, int Failed, int ExecutedTwice, IReadOnlyList<string> Why);
