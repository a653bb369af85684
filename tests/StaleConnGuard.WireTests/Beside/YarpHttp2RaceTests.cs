using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>
/// YARP and destinations that speak HTTP/2, which is its default over TLS: requests aimed at the instant at which the destination closes, over real packets. All destinations and kinds: the
/// benchmark command <c>proxies http2</c>.
/// </summary>
[Collection(ExactTime.Collection)]
public sealed class YarpHttp2RaceTests(ITestOutputHelper output)
{
    private const int Pools = 16;

    // On a busy machine most aims miss.
    private const int Attempts = 20;

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(25);

    [Theory]
    [InlineData("bare FIN")]
    [InlineData("nginx-tls")]
    public async Task Put_AimedAtTheClosingInstant_FailsOnlyWithoutTheGuard(string server)
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(server == "bare FIN" || RealServer.IsAvailable(server, out reason), reason);
        using DelayedLink link = DelayedLink.Create(s_delay);
        var parts = new Stack<IAsyncDisposable>();
        try
        {
            (Uri address, Func<Task<ExecutionLog>> executions) = await Http2Suite.StartAsync(server, link, parts);
            ClosingTimes closing = await ClosingTimes.MeasureAsync(address);
            AimWindow aim = AimWindow.Around(closing.Idle, 2 * s_delay);
            List<ProxyOutcome> plain = [];
            List<ProxyOutcome> guarded = [];
            for (int attempt = 0; attempt < Attempts && !plain.Exists(outcome => outcome.IsFailure); attempt++)
            {
                await Task.WhenAll(RaceAsync(address, aim, guarded: false, attempt, plain), RaceAsync(address, aim, guarded: true, attempt, guarded));
            }

            ExecutionLog log = await executions();
            output.WriteLine($"{server}: plain {plain.Count(outcome => outcome.IsFailure)} of {plain.Count} failed, guarded {guarded.Count(outcome => outcome.IsFailure)} of {guarded.Count}");
            plain.ShouldContain(outcome => outcome.IsFailure, "without a race nothing is shown");
            guarded.ShouldAllBe(outcome => !outcome.IsFailure);
            log.CountExecutedTwice(guarded.Select(outcome => outcome.RequestId)).ShouldBe(0);
            guarded.ShouldAllBe(outcome => log.CountOf(outcome.RequestId) == 1);
        }
        finally
        {
            while (parts.TryPop(out IAsyncDisposable? part))
            {
                await part.DisposeAsync();
            }
        }
    }

    private static async Task RaceAsync(Uri upstream, AimWindow aim, bool guarded, int attempt, List<ProxyOutcome> outcomes)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(SlowTraffic.Configuration(upstream, Pools, isHttp2: true))));
        builder.Services.AddSingleton(new KeepAliveLedger());
        IReverseProxyBuilder yarp = builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"));
        if (guarded)
        {
            yarp.AddStaleConnGuard();
        }

        await using WebApplication proxy = builder.Build();
        proxy.MapReverseProxy();
        await proxy.StartAsync();
        var address = new Uri(proxy.Urls.First());

        // Repeatable by its method: without the guard YARP fails it all the same, because its body has been read.
        outcomes.AddRange(await ProxyRace.RunAsync(address, RequestKind.Put, aim, Pools, Pools, attempt, $"{Guid.NewGuid():N}", addressOf: i => SlowTraffic.AddressOf(address, i)));
    }
}
