using System.Net.Security;
using Microsoft.Extensions.DependencyInjection;

namespace StaleConnGuard.Benchmarks;

/// <summary>A client as people make one.</summary>
/// <param name="Configure">What is added to a client of the factory.</param>
/// <param name="IsAlwaysCompared">With every kind of traffic; otherwise with those that the goals are for.</param>
internal sealed record LoopbackContender(string Name, Action<IHttpClientBuilder> Configure, bool IsAlwaysCompared = false)
{
    private const string Client = "orders";

    /// <summary>What all are compared with: a client of IHttpClientFactory, with the handlers that the factory adds itself.</summary>
    public static LoopbackContender Plain { get; } = new("plain", static _ => { }, IsAlwaysCompared: true);

    /// <summary>As the README has it.</summary>
    public static LoopbackContender Guarded { get; } = new("`AddStaleConnGuard()`", static client => client.AddStaleConnGuard(), IsAlwaysCompared: true);

    /// <summary>The plain client first, and once more: what it differs from itself is the noise.</summary>
    public static IReadOnlyList<LoopbackContender> All { get; } =
    [
        Plain,
        Plain with { Name = "plain, again" },
        Guarded,
        new("two handlers that only wait, one with a value in the execution context", static client => client
            .AddHttpMessageHandler(static () => new WaitingHandler(setsValue: false))
            .AddHttpMessageHandler(static () => new WaitingHandler(setsValue: true))),
        new("`AddStaleConnGuard()` and `AddStandardResilienceHandler()`", static client => client.AddStaleConnGuard().AddStandardResilienceHandler()),
        new("`AddStandardResilienceHandler()`", static client => client.AddStandardResilienceHandler(), IsAlwaysCompared: true),
        new("`AddStaleConnGuard()`, guard alone (`Retry.Enabled = false`)", static client => client.AddStaleConnGuard(options => options.Retry.Enabled = false)),
    ];

    public HttpClient Make()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        IHttpClientBuilder client = services.AddHttpClient(Client).ConfigurePrimaryHttpMessageHandler(static () =>
            new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true } });
        Configure(client);
        return services.BuildServiceProvider().GetRequiredService<IHttpClientFactory>().CreateClient(Client);
    }
}
