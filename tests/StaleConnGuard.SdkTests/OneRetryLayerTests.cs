using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.SdkTests;

/// <summary>The guard's retries stand down beside a resilience handler, wherever and in whatever order it was added.</summary>
public class OneRetryLayerTests
{
    public static TheoryData<string> Registrations() =>
    [
        "defaults, guard before",
        "defaults, guard after",
        "client, guard before",
        "client, guard after",
        "client, guard on the client",
        "hedging",
        "own pipeline",
    ];

    [Theory]
    [MemberData(nameof(Registrations))]
    public void Handler_AnyRegistration_RetriesStandDownAndSayItOnce(string registration)
    {
        (string[] chain, string[] said) = Build(services => Register(services, registration));

        chain.ShouldContain(nameof(ResilienceHandler));
        chain[^2].ShouldBe("ConnectionGuardHandler");
        said.ShouldBe(["RetriesStandDown Information"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Enabled_SetByTheApplication_TwoLayersAndAWarningWithTheNumberOfAttempts(bool byCode)
    {
        (string[] chain, string[] said) = Build(services =>
        {
            services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
            if (byCode)
            {
                services.AddStaleConnGuard(o => o.Retry.Enabled = true);
            }
            else
            {
                services.AddStaleConnGuard(new ConfigurationBuilder().AddInMemoryCollection([new("Retry:Enabled", "true")]).Build());
            }
        });

        chain.ShouldContain("RetryHandler");
        said.ShouldBe(["TwoRetryLayers Warning"]);
    }

    [Fact]
    public void Enabled_SetToFalse_NothingToSay()
    {
        (_, string[] said) = Build(services =>
        {
            services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
            services.AddStaleConnGuard(o => o.Retry.Enabled = false);
        });

        said.ShouldBeEmpty();
    }

    [Fact]
    public void RemoveAllResilienceHandlers_OneClient_HasTheGuardsRetries()
    {
        (string[] chain, string[] said) = Build(services =>
        {
            services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
#pragma warning disable EXTEXP0001 // Experimental in the package; many applications use it.
            services.AddHttpClient("client").RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
            services.AddStaleConnGuard();
        });

        chain.ShouldContain("RetryHandler");
        chain.ShouldNotContain(nameof(ResilienceHandler));
        said.ShouldBeEmpty();
    }

    [Fact]
    public void BufferOneShotUpTo_BesideAHandler_IsKeptWithoutRetries()
    {
        (string[] chain, _) = Build(services =>
        {
            services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
            services.AddStaleConnGuard(o => o.Replay.BufferOneShotUpTo = 1024);
        });

        Array.IndexOf(chain, "RetryHandler").ShouldBeInRange(0, Array.IndexOf(chain, nameof(ResilienceHandler)));
    }

    private static void Register(IServiceCollection services, string registration)
    {
        switch (registration)
        {
            case "defaults, guard before":
                services.AddStaleConnGuard();
                services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
                break;
            case "defaults, guard after":
                services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
                services.AddStaleConnGuard();
                break;
            case "client, guard before":
                services.AddStaleConnGuard();
                services.AddHttpClient("client").AddStandardResilienceHandler();
                break;
            case "client, guard after":
                services.AddHttpClient("client").AddStandardResilienceHandler();
                services.AddStaleConnGuard();
                break;
            case "client, guard on the client":
                services.AddHttpClient("client").AddStaleConnGuard().AddStandardResilienceHandler();
                break;
            case "hedging":
                services.AddHttpClient("client").AddStandardHedgingHandler();
                services.AddStaleConnGuard();
                break;
            default:
                services.AddHttpClient("client").AddStaleConnGuardResilienceHandler();
                break;
        }
    }

    private static (string[] Chain, string[] Said) Build(Action<IServiceCollection> register)
    {
        var log = new FakeLoggerProvider();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(log));
        register(services);
        using ServiceProvider provider = services.BuildServiceProvider();
        var chain = new List<string>();
        for (HttpMessageHandler? handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("client"); handler is not null; handler = (handler as DelegatingHandler)?.InnerHandler)
        {
            chain.Add(handler.GetType().Name);
        }

        return ([.. chain], [.. log.Collector.GetSnapshot().Where(e => e.Category == "StaleConnGuard").Select(e => $"{e.Id.Name} {e.Level}")]);
    }
}
