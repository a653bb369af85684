using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace StaleConnGuard.Tests;

/// <summary>The code of docs/keep-alive.md. A test compares both; changing one means changing the other.</summary>
internal static class KeepAliveSnippets
{
    public static void Configure(IServiceCollection services)
    {
        // snippet: configure
        services.AddHttpClient("orders").AddStaleConnGuard(options =>
        {
            options.KeepAlive.ServerTimeout = KnownServerTimeouts.AwsAlb; // or TimeSpan.FromSeconds(60)
        });
        // end snippet
    }

    public static void Origins(IServiceCollection services)
    {
        // snippet: origins
        services.AddStaleConnGuard(options =>
        {
            options.KeepAlive.ServerTimeout = KnownServerTimeouts.Nginx;
            options.KeepAlive.Origins["https://reports.example.com"] = new KeepAliveOriginOptions
            {
                ServerTimeout = KnownServerTimeouts.Gunicorn,
            };
        });
        // end snippet
    }

    public static void FromConfiguration(IServiceCollection services, IConfiguration configuration)
    {
        // snippet: from-configuration
        services.AddStaleConnGuard(configuration.GetSection("StaleConnGuard"));
        // end snippet
    }

    public static IEnumerable<string> Page(IServiceProvider provider)
    {
        // snippet: ledger
        foreach (OriginKeepAlive origin in provider.GetRequiredService<IKeepAliveLedger>().Snapshot())
        {
            yield return $"{origin.Origin}: connections are taken up to {origin.Limit} of idleness ({origin.LimitSource}); "
                + $"{origin.IdleCloses} closed by the server, {origin.StaleHits} stale hits";
        }
        // end snippet
    }
}
