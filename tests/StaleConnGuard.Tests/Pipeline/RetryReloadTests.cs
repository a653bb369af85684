using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Polly;
using Polly.CircuitBreaker;
using StaleConnGuard.Testing;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Pipeline;

/// <summary>A reload takes effect on the next request: the handler that is there stays, what it does changes.</summary>
public class RetryReloadTests
{
    [Fact]
    public async Task MaxRetries_Changed_HoldsForTheNextRequest()
    {
        using var reload = new Reload(new RetryOptions { MaxRetries = 1 });
        await reload.SendAsync(expectedSends: 2);
        reload.Take(new RetryOptions { MaxRetries = 3 });
        await reload.SendAsync(expectedSends: 4);
        reload.Take(new RetryOptions { MaxRetries = 0 });
        await reload.SendAsync(expectedSends: 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Enabled_SwitchedOffAndOn_HoldsForTheNextRequest(bool sync)
    {
        using var reload = new Reload(new RetryOptions { Enabled = false });
        await reload.SendAsync(expectedSends: 1, sync);
        reload.Take(new RetryOptions { MaxRetries = 2 });
        await reload.SendAsync(expectedSends: 3, sync);
        reload.Take(new RetryOptions { Enabled = false });
        await reload.SendAsync(expectedSends: 1, sync);
    }

    [Fact]
    public async Task Client_SwitchedOff_SendsOnce()
    {
        using var reload = new Reload(new RetryOptions { MaxRetries = 1 });
        await reload.SendAsync(expectedSends: 2);
        reload.SwitchOff();
        await reload.SendAsync(expectedSends: 1);
    }

    [Fact]
    public async Task StatusCodes_Changed_HoldForTheNextRequest()
    {
        using var reload = new Reload(new RetryOptions { MaxRetries = 1 });
        await reload.SendAsync(expectedSends: 2);
        reload.Take(new RetryOptions { MaxRetries = 1, StatusCodes = [HttpStatusCode.TooManyRequests] });
        await reload.SendAsync(expectedSends: 1);
    }

    [Fact]
    public async Task Budget_Changed_HoldsForTheNextRequest()
    {
        using var reload = new Reload(new RetryOptions { MaxRetries = 1, Budget = { Ratio = 0, MinRetriesPerSecond = 0 } });
        await reload.SendAsync(expectedSends: 1);
        reload.Take(new RetryOptions { MaxRetries = 1, Budget = { Ratio = 10, MinRetriesPerSecond = 10 } });
        await reload.SendAsync(expectedSends: 2);
    }

    [Fact]
    public async Task Delay_Changed_HoldsForTheNextRequest()
    {
        var fixedDelay = TimeSpan.FromMinutes(1);
        using var reload = new Reload(new RetryOptions { MaxRetries = 1 });
        await reload.SendAsync(expectedSends: 2);
        reload.Take(new RetryOptions { MaxRetries = 1, BaseDelay = fixedDelay, MaxDelay = fixedDelay, Jitter = RetryJitter.Decorrelated });
        Task sending = reload.SendAsync(expectedSends: 2);
        sending.IsCompleted.ShouldBeFalse();
        reload.Clock.Advance(fixedDelay);
        await sending;
    }

    [Fact]
    public async Task RetryAfter_NoLongerHonoured_HoldsForTheNextRequest()
    {
        using var reload = new Reload(new RetryOptions { MaxRetries = 1, MaxRetryAfter = TimeSpan.Zero }, retryAfter: "60");
        await reload.SendAsync(expectedSends: 1);
        reload.Take(new RetryOptions { MaxRetries = 1, HonorRetryAfter = false });
        await reload.SendAsync(expectedSends: 2);
    }

    [Fact]
    public async Task CallerTimeout_Changed_HoldsForTheNextRequest()
    {
        using var reload = new Reload(new RetryOptions { MaxRetries = 1, CallerTimeout = TimeSpan.FromTicks(1), BaseDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(1), Jitter = RetryJitter.Decorrelated });
        await reload.SendAsync(expectedSends: 1);
        reload.Take(new RetryOptions { MaxRetries = 1, CallerTimeout = Timeout.InfiniteTimeSpan });
        await reload.SendAsync(expectedSends: 2);
    }

    [Fact]
    public async Task BufferOneShotUpTo_Changed_HoldsForTheNextRequest()
    {
        using var reload = new Reload(new RetryOptions { MaxRetries = 1 });
        await reload.SendAsync(expectedSends: 1, content: OneShot.Content("data"));
        reload.Take(new RetryOptions { MaxRetries = 1 }, new ReplayOptions { BufferOneShotUpTo = 100 });
        await reload.SendAsync(expectedSends: 2, content: OneShot.Content("data"));
    }

    [Fact]
    public async Task Pipeline_OptionsChanged_KeepsItsBreakerAndRunsTheNewRetries()
    {
        int built = 0;
        void Configure(ResiliencePipelineBuilder<HttpResponseMessage> builder)
        {
            built++;
            builder.AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Result is { StatusCode: HttpStatusCode.ServiceUnavailable }),
                MinimumThroughput = 2,
                FailureRatio = 1,
            });
        }

        using var reload = new Reload(new RetryOptions { MaxRetries = 0, ConfigurePipeline = Configure });
        await reload.SendAsync(expectedSends: 1);
        reload.Take(new RetryOptions { MaxRetries = 1, ConfigurePipeline = Configure });
        await reload.SendAsync(expectedSends: 2);
        built.ShouldBe(1);

        // Two failed executions, one before the reload and one after it.
        await Should.ThrowAsync<BrokenCircuitException>(() => reload.SendAsync(expectedSends: 0));
    }

    [Fact]
    public async Task Request_UnderWay_IsFinishedByTheOptionsItBeganWith()
    {
        var delay = TimeSpan.FromSeconds(1);
        var slow = new RetryOptions { MaxRetries = 2, BaseDelay = delay, MaxDelay = delay, Jitter = RetryJitter.Decorrelated };
        using var reload = new Reload(slow);
        Task sending = reload.SendAsync(expectedSends: 3);
        reload.Take(new RetryOptions { Enabled = false });
        reload.Clock.Advance(delay);
        reload.Clock.Advance(delay);
        await sending;
    }

    [Fact]
    public async Task Configuration_Reloaded_HoldsForTheNextRequestOfAClientOfTheFactory()
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["StaleConnGuard:Retry:Enabled"] = "false",
            ["StaleConnGuard:Retry:BaseDelay"] = "00:00:00",
        }).Build();
        var stub = new StubHandler(Answers(HttpStatusCode.ServiceUnavailable));
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddStaleConnGuard(configuration.GetSection("StaleConnGuard"));
        services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => stub);
        using ServiceProvider provider = services.BuildServiceProvider();
        HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        await SendAsync(expectedSends: 1);
        configuration["StaleConnGuard:Retry:Enabled"] = "true";
        configuration["StaleConnGuard:Retry:MaxRetries"] = "2";
        configuration.Reload();
        await SendAsync(expectedSends: 3);
        configuration["StaleConnGuard:Clients:orders:Retry:MaxRetries"] = "1";
        configuration.Reload();
        await SendAsync(expectedSends: 2);
        configuration["StaleConnGuard:Retry:Enabled"] = "false";
        configuration.Reload();
        await SendAsync(expectedSends: 1);

        async Task SendAsync(int expectedSends)
        {
            int before = stub.Sends;
            using HttpResponseMessage response = await client.GetAsync("http://orders.test/", TestContext.Current.CancellationToken);
            (stub.Sends - before).ShouldBe(expectedSends);
        }
    }

    private sealed class Reload : IDisposable
    {
        private readonly GuardSettingsHolder _settings;
        private readonly StubHandler _stub;
        private readonly HttpMessageInvoker _invoker;

        public Reload(RetryOptions retry, string? retryAfter = null)
        {
            _settings = new GuardSettingsHolder(Settings(retry, new ReplayOptions()));
            _stub = new StubHandler((_, _) =>
            {
                HttpResponseMessage response = Status(HttpStatusCode.ServiceUnavailable);
                if (retryAfter is not null)
                {
                    response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
                }

                return response;
            });
            var services = new RetryServices { Budgets = new RetryBudgetRegistry(Clock), Random = new Random(1) };
            _invoker = new HttpMessageInvoker(new RetryHandler(_settings, services) { InnerHandler = _stub });
        }

        public TestClock Clock { get; } = new();

        public void Take(RetryOptions retry, ReplayOptions? replay = null) => _settings.Current = Settings(retry, replay ?? new ReplayOptions());

        public void SwitchOff() => _settings.Current = new GuardSettings(new StaleConnGuardOptions { Enabled = false });

        public async Task SendAsync(int expectedSends, bool sync = false, HttpContent? content = null)
        {
            int before = _stub.Sends;
            HttpRequestMessage request = Request("PUT", content);
            using HttpResponseMessage response = sync ? _invoker.Send(request, CancellationToken.None) : await _invoker.SendAsync(request, CancellationToken.None);
            (_stub.Sends - before).ShouldBe(expectedSends);
        }

        public void Dispose() => _invoker.Dispose();

        private static GuardSettings Settings(RetryOptions retry, ReplayOptions replay)
        {
            // No wait unless a test asks for one.
            if (retry.BaseDelay == RetryDefaults.BaseDelay)
            {
                retry.BaseDelay = TimeSpan.Zero;
            }

            return new GuardSettings(new StaleConnGuardOptions { Retry = retry, Replay = replay });
        }
    }
}
