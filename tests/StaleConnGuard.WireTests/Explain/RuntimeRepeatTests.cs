using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>What the runtime repeats below the guard, on HTTP/2, because the server said that it has not processed it: counted, and told.</summary>
public class RuntimeRepeatTests
{
    [Theory]
    [InlineData("GET", Http2Refusal.RefusedStream, 1)]
    [InlineData("POST", Http2Refusal.RefusedStream, 2)]
    [InlineData("GET", Http2Refusal.GoAwayBelow, 2)]
    [InlineData("POST", Http2Refusal.GoAwayBelow, 1)]
    public async Task Repeat_OfTheRuntime_IsCounted(string method, Http2Refusal refusal, int times)
    {
        using MetricCollector<long> repeats = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.RuntimeRepeats);
        using MetricCollector<long> replays = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.Replays);
        int left = times;
        await using ScriptedHttp2Server server = ScriptedHttp2Server.StartRefusing(id => id == "refused" && Interlocked.Decrement(ref left) >= 0 ? refusal : Http2Refusal.None);
        using var client = new HttpClient(StaleConnGuardHandler.Create(options => options.Retry.Enabled = false));
        (await SendAsync(client, server.Address, method, "warm"))!.ResendCount.ShouldBe(0);
        repeats.Of(server.Address.Port).ShouldBeEmpty();

        ExchangeInfo? info = await SendAsync(client, server.Address, method, "refused");

        server.Executions.CountOf("refused").ShouldBe(1);
        repeats.Of(server.Address.Port).Count.ShouldBe(times);
        repeats.Of(server.Address.Port).ShouldAllBe(repeat => repeat.Value == 1 && (string?)repeat.Tags["http.request.method"] == method);
        replays.Of(server.Address.Port).ShouldBeEmpty("it was none of the guard's");
        (info?.ResendCount ?? times).ShouldBe(times);

        (await SendAsync(client, server.Address, method, "after"))?.ResendCount.ShouldBe(0);
        repeats.Of(server.Address.Port).Count.ShouldBe(times);
    }

    [Fact]
    public async Task Repeat_OfTheRuntime_IsOnItsSpan()
    {
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == StaleConnGuardDiagnostics.ActivitySourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                lock (spans)
                {
                    spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        int left = 1;
        await using ScriptedHttp2Server server = ScriptedHttp2Server.StartRefusing(id => id == "refused" && Interlocked.Decrement(ref left) >= 0 ? Http2Refusal.RefusedStream : Http2Refusal.None);
        using var client = new HttpClient(StaleConnGuardHandler.Create(options => options.Retry.Enabled = false));
        await SendAsync(client, server.Address, "POST", "refused");
        await SendAsync(client, server.Address, "POST", "after");

        object?[] counts;
        lock (spans)
        {
            counts = [.. spans.Where(span => Equals(span.GetTagItem("server.port"), server.Address.Port)).Select(span => span.GetTagItem(StaleConnGuardDiagnostics.ResendCountTag))];
        }

        counts.ShouldBe([1, null]);
    }

    /// <summary>A redirect has the runtime write the message again as well, which is no repeat.</summary>
    [Fact]
    public async Task Redirect_IsNoRepeat()
    {
        using MetricCollector<long> repeats = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.RuntimeRepeats);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        await using WebApplication server = builder.Build();
        server.MapGet("/old", () => Results.Redirect("/new"));
        server.MapGet("/new", () => "ok");
        await server.StartAsync(TestContext.Current.CancellationToken);
        var address = new Uri(server.Urls.First());
        using var client = new HttpClient(StaleConnGuardHandler.Create(options => options.Retry.Enabled = false));
        using HttpRequestMessage request = Request(new Uri(address, "/old"), "GET", "moved");
        using HttpResponseMessage response = await client.SendAsync(request.CaptureExchangeInfo(), TestContext.Current.CancellationToken);

        request.RequestUri!.AbsolutePath.ShouldBe("/new");
        request.GetExchangeInfo().ShouldNotBeNull().ResendCount.ShouldBe(1);
        repeats.Of(address.Port).ShouldBeEmpty();
    }

    private static HttpRequestMessage Request(Uri address, string method, string id) => new(new HttpMethod(method), address)
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Headers = { { "X-Request-Id", id } },
        Content = method == "POST" ? new StringContent("body") : null,
    };

    private static async Task<ExchangeInfo?> SendAsync(HttpClient client, Uri address, string method, string id)
    {
        using HttpRequestMessage request = Request(address, method, id);
        using HttpResponseMessage response = await client.SendAsync(request.CaptureExchangeInfo(), TestContext.Current.CancellationToken);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBe(id);
        return request.GetExchangeInfo();
    }
}
