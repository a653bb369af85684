using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>What was made without the factory tells what it does, to the logs and meters it was given.</summary>
public sealed class CreateTests : IDisposable
{
    private readonly FakeLoggerProvider _log = new();
    private readonly ServiceProvider _services;

    public CreateTests()
    {
        var services = new ServiceCollection();
        services.AddLogging(b => b.AddProvider(_log).SetMinimumLevel(LogLevel.Debug));
        services.AddMetrics();
        _services = services.BuildServiceProvider();
    }

    public void Dispose()
    {
        _services.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task StaleHits_AreLoggedAndCountedByTheMeterThatWasGiven(bool byServices)
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        using var staleHits = new MetricCollector<long>(meters, StaleConnGuardDiagnostics.MeterName, StaleConnGuardDiagnostics.StaleHits);
        HttpClient Make(HttpMessageHandler handler) => new(byServices
            ? StaleConnGuardHandler.Create(_services, new StaleConnGuardOptions { Retry = { Enabled = false } }, handler)
            : StaleConnGuardHandler.Create(_services.GetRequiredService<ILoggerFactory>(), meters, TimeProvider.System, new StaleConnGuardOptions { Retry = { Enabled = false } }, handler));

        await using (var healed = new StaleRace(guarded: true, make: Make))
        {
            await healed.WarmUpAsync();
            using HttpResponseMessage response = await healed.SendAsync(ReplayTests.Request("POST", "bytes"));
            healed.Happened.ShouldBeTrue();
        }

        Logged(102).ShouldBe(1);
        await using (var surfaced = new StaleRace(guarded: true, ending: Ending.Reset, make: Make))
        {
            await surfaced.WarmUpAsync();
            await Should.ThrowAsync<StaleConnectionException>(() => surfaced.SendAsync(ReplayTests.Request("POST", "bytes")));
        }

        Logged(101).ShouldBe(1);
        staleHits.GetMeasurementSnapshot().Sum(m => m.Value).ShouldBe(2);
    }

    [Fact]
    public async Task EmptyRetryBudget_IsLogged()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.AnswerAsync(request, status: 503);
            }
        });
        var options = new StaleConnGuardOptions { Retry = { Budget = { Ratio = 0, MinRetriesPerSecond = 0 } } };
        using var client = new HttpClient(StaleConnGuardHandler.Create(_services, options));

        using HttpResponseMessage response = await client.GetAsync(server.Uri);

        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        Logged(201).ShouldBe(1);
    }

    /// <summary>What a server says of its timeout is logged when it is learned, and not again.</summary>
    [Fact]
    public async Task LearnedTimeout_IsLoggedOnce()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
            {
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=30\r\nContent-Length: 0\r\n\r\n");
            }
        });
        using var client = new HttpClient(StaleConnGuardHandler.Create(_services, new StaleConnGuardOptions()));
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await client.GetAsync(server.Uri);
        }

        Logged(107).ShouldBe(1);
    }

    [Fact]
    public void SettingsThatRace_AreLogged()
    {
        var options = new StaleConnGuardOptions { KeepAlive = { ServerTimeout = TimeSpan.FromSeconds(60) }, Transport = { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(55) } };

        StaleConnGuardHandler.Create(_services, options).Dispose();

        Logged(106).ShouldBe(1);
    }

    [Fact]
    public void Services_WithoutOptions_GiveTheirOwn()
    {
        var services = new ServiceCollection();
        services.AddStaleConnGuard(o => o.KeepAlive.ServerTimeout = TimeSpan.FromSeconds(5));
        using ServiceProvider provider = services.BuildServiceProvider();
        using var sockets = new SocketsHttpHandler();

        _ = StaleConnGuardHandler.Create(provider, handler: sockets);

        sockets.PooledConnectionIdleTimeout.ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Configure_SetsTheOptions()
    {
        using var sockets = new SocketsHttpHandler();

        _ = StaleConnGuardHandler.Create(o => o.Transport.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(7), sockets);

        sockets.PooledConnectionIdleTimeout.ShouldBe(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task Handler_Alone_IsGuarded()
    {
        await using var race = new StaleRace(guarded: true, make: handler => new HttpClient(StaleConnGuardHandler.Create(handler)));
        await race.WarmUpAsync();

        using HttpResponseMessage response = await race.SendAsync(ReplayTests.Request("POST", "bytes"));

        race.Server.Executions["raced"].ShouldBe(1);
    }

    [Fact]
    public void Enabled_False_GivesTheHandlerBack()
    {
        using var sockets = new SocketsHttpHandler();

        StaleConnGuardHandler.Create(o => o.Enabled = false, sockets).ShouldBeSameAs(sockets);
    }

    private int Logged(int id) => _log.Collector.GetSnapshot().Count(e => e.Id.Id == id);
}
