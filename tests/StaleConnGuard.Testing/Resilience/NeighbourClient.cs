using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace StaleConnGuard.Testing.Resilience;

/// <summary>The handler of Microsoft.Extensions.Http.Resilience that a client has.</summary>
public enum Neighbour
{
    /// <summary><c>AddStandardResilienceHandler()</c> in <c>ConfigureHttpClientDefaults</c>, as in Aspire's service defaults.</summary>
    Standard,

    /// <summary><c>AddStandardHedgingHandler()</c>.</summary>
    Hedging,
}

/// <summary>What of StaleConnGuard is beside it.</summary>
public enum Beside
{
    /// <summary>Nothing.</summary>
    Nothing,

    /// <summary><c>AddStaleConnGuard()</c>.</summary>
    Guard,

    /// <summary><c>AddStaleConnGuard()</c> and <c>UseStaleConnGuardInResilienceHandlers()</c>.</summary>
    GuardAndPackage,
}

/// <summary>
/// A factory client of a web application with one of the resilience handlers, all defaults but the waits between attempts, which are 10 ms.
/// Counts what goes on the wire, and can hold a request between the pool's look at its connection and its first byte.
/// </summary>
public sealed class NeighbourClient : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly FakeLoggerProvider _log = new();
    private int _written;
    private int _refused;

    public NeighbourClient(Neighbour neighbour, Beside beside, Action<IServiceCollection>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(_log);
        if (beside is not Beside.Nothing)
        {
            builder.Services.AddStaleConnGuard();
        }

        if (neighbour is Neighbour.Standard)
        {
            builder.Services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
        }
        else
        {
            builder.Services.AddHttpClient("neighbour").AddStandardHedgingHandler();
        }

        if (beside is Beside.GuardAndPackage)
        {
            builder.Services.UseStaleConnGuardInResilienceHandlers();
        }

        builder.Services.ConfigureAll<HttpStandardResilienceOptions>(o => o.Retry.Delay = TimeSpan.FromMilliseconds(10));
        builder.Services.AddHttpClient("neighbour").ConfigurePrimaryHttpMessageHandler(MakeHandler);
        configure?.Invoke(builder.Services);
        _application = builder.Build();
        Http = _application.Services.GetRequiredService<IHttpClientFactory>().CreateClient("neighbour");
    }

    public HttpClient Http { get; }

    /// <summary>Called before each request that is written on a connection that has carried one.</summary>
    public Func<Task>? BeforeReuse { get; set; }

    /// <summary>Requests written to a connection, and connects that were refused.</summary>
    public int Attempts => Volatile.Read(ref _written) + Volatile.Read(ref _refused);

    /// <summary>What the guard has said at Information or above.</summary>
    public IReadOnlyList<string> Said => [.. _log.Collector.GetSnapshot().Where(e => e.Category == "StaleConnGuard" && e.Level >= LogLevel.Information).Select(e => $"{e.Id.Name}")];

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _application.DisposeAsync();
    }

    private SocketsHttpHandler MakeHandler() => new()
    {
        PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new HookedStream(context.PlaintextStream, BeforeWriteAsync)),
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException)
            {
                Interlocked.Increment(ref _refused);
                socket.Dispose();
                throw;
            }
        },
    };

    private Task BeforeWriteAsync(int write)
    {
        Interlocked.Increment(ref _written);
        return write > 0 && BeforeReuse is { } hold ? hold() : Task.CompletedTask;
    }
}
