using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>A destination that closes its first connection in the moment in which YARP's next request leaves on it: made to happen every time.</summary>
public sealed class YarpRaceTests
{
    [Theory]
    [InlineData("PUT", 3)]
    [InlineData("POST", 3)]
    [InlineData("POST", 1_000_000)]
    public async Task Plain_DestinationClosesAsTheRequestLeaves_Is502(string method, int size)
    {
        await using var race = new Race();
        await using YarpHost proxy = await YarpHost.StartAsync(race.Server.Uri, yarp => yarp.ConfigureHttpClient(race.Hook));

        (await race.RunAsync(proxy, method, size)).ShouldBe(HttpStatusCode.BadGateway);
        race.Happened.ShouldBeTrue();
    }

    [Theory]
    [InlineData("GET", 0)]
    [InlineData("PUT", 3)]
    [InlineData("POST", 3)]
    [InlineData("POST", 0)]
    [InlineData("POST", 65_536)]
    [InlineData("POST", 1_000_000)]
    public async Task Guarded_DestinationClosesAsTheRequestLeaves_IsAnsweredAndExecutedOnce(string method, int size)
    {
        await using var race = new Race();
        await using YarpHost proxy = await YarpHost.StartAsync(race.Server.Uri, yarp => yarp.ConfigureHttpClient(race.Hook).AddStaleConnGuard());

        (await race.RunAsync(proxy, method, size)).ShouldBe(HttpStatusCode.OK);
        race.Happened.ShouldBeTrue();
        race.Server.Executions["raced"].ShouldBe(1);
        race.LastBody.ShouldBe(size);
    }

    [Fact]
    public async Task Guarded_ConnectionIsReset_Is502ThatSaysWhyAndCarriesTheException()
    {
        await using var race = new Race(Ending.Reset);
        Exception? failure = null;
        await using YarpHost proxy = await YarpHost.StartAsync(
            race.Server.Uri,
            yarp => yarp.ConfigureHttpClient(race.Hook).AddStaleConnGuard().AddStaleConnGuardHeader("X-Why"),
            application: app => app.Use(async (HttpContext context, RequestDelegate next) =>
            {
                await next(context);
                failure = context.Features.Get<IForwarderErrorFeature>()?.Exception ?? failure;
            }));

        (await race.RunAsync(proxy, "POST", 3)).ShouldBe(HttpStatusCode.BadGateway);
        failure.ShouldBeOfType<StaleConnectionException>().Decision.ShouldBe(ReplayDecision.SurfaceNotSafeToRepeat);
        race.Why.ShouldBe("stale-connection;desc=\"SurfaceNotSafeToRepeat\"");
    }

    private sealed class Race : IAsyncDisposable
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _hooked;

        public Race(Ending ending = Ending.Close) => Server = new ScriptedServer(connection => ServeAsync(connection, ending));

        public ScriptedServer Server { get; }

        public bool Happened => _ended.Task.IsCompleted;

        public int LastBody { get; private set; }

        public string? Why { get; private set; }

        public void Hook(ForwarderHttpClientContext context, SocketsHttpHandler handler) =>
            handler.PlaintextStreamFilter = (connection, _) => ValueTask.FromResult<Stream>(
                Interlocked.Increment(ref _hooked) == 1 ? new HookedStream(connection.PlaintextStream, BeforeWriteAsync) : connection.PlaintextStream);

        public async Task<HttpStatusCode> RunAsync(YarpHost proxy, string method, int size)
        {
            using var client = new HttpClient { BaseAddress = proxy.Address };
            using (HttpResponseMessage warm = await client.GetAsync("/"))
            {
                warm.StatusCode.ShouldBe(HttpStatusCode.OK);
            }

            await Task.Delay(150);
            using var request = new HttpRequestMessage(new HttpMethod(method), "/") { Headers = { { "X-Request-Id", "raced" } } };
            request.Content = method == "GET" ? null : new ByteArrayContent(new byte[size]);
            using HttpResponseMessage response = await client.SendAsync(request);
            Why = response.Headers.TryGetValues("X-Why", out IEnumerable<string>? why) ? why.Single() : null;
            return response.StatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            _end.TrySetResult();
            await Server.DisposeAsync();
        }

        private async Task BeforeWriteAsync(int write)
        {
            if (write == 1)
            {
                _end.TrySetResult();
                await _ended.Task;
            }
        }

        private async Task ServeAsync(ScriptedConnection connection, Ending ending)
        {
            if (connection.Index == 0)
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
                await _end.Task;
                await connection.EndAsync(ending);
                _ended.TrySetResult();
                return;
            }

            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                LastBody = request.Body.Length;
                await connection.AnswerAsync(request);
            }
        }
    }
}
