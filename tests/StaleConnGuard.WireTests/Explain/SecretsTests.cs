using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>Of an address only scheme, host and port are ever shown: not in the ledger, a log, a metric, a span or an exception.</summary>
public class SecretsTests
{
    private const string Secret = "s3cr3t";

    /// <summary>The credentials stand in the proxy's address, in the request's, or in both; what surfaces, is learned and is retried names the origin alone.</summary>
    [Theory]
    [InlineData("tunnel")]
    [InlineData("forward")]
    [InlineData("socks")]
    [InlineData("none")]
    public async Task Credentials_InAnyAddress_AreShownNowhere(string by)
    {
        await using var server = new ScriptedServer(
            async connection =>
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!, headers: "Keep-Alive: timeout=60\r\n");
                connection.Execute((await connection.ReadRequestAsync())!);
                await connection.CloseAsync();
            },
            tls: by is "tunnel");
        await using var tunnel = new ConnectProxy();
        await using var socks = new SocksProxy();
        Uri? proxy = by switch { "tunnel" => tunnel.Uri, "forward" => server.Uri, "socks" => socks.Uri, _ => null };
        using var logs = new FakeLoggerProvider();
        using var metrics = new MetricRecorder();
        using var spans = new SpanRecorder();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs));
        services.AddHttpClient("any", client => client.BaseAddress = WithCredentials(server.Uri))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                Proxy = proxy is null ? null : new WebProxy(WithCredentials(proxy)),
                UseProxy = proxy is not null,
                SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
            })
            .AddStaleConnGuard();
        await using ServiceProvider provider = services.BuildServiceProvider();
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("any");

        (await client.GetStringAsync("/")).ShouldBe("ok");
        var surfaced = await Should.ThrowAsync<StaleConnectionException>(() => client.PostAsync("/", new StringContent("order")));

        int port = by is "forward" ? proxy!.Port : server.Uri.Port;
        surfaced.Message.ShouldContain($"127.0.0.1:{port}");
        string ledger = JsonSerializer.Serialize(provider.GetRequiredService<IKeepAliveLedger>().Snapshot().Where(o => o.Origin.EndsWith($":{port}", StringComparison.Ordinal)));
        ledger.ShouldContain($"127.0.0.1:{port}");
        string[] ours = [.. logs.Collector.GetSnapshot().Where(e => e.Category!.StartsWith("StaleConnGuard", StringComparison.Ordinal)).Select(e => e.Message)];
        ours.ShouldContain(line => line.Contains($"127.0.0.1:{port}", StringComparison.Ordinal));
        metrics.Observe();
        IEnumerable<string> tags = metrics.All.SelectMany(m => m.Tags.Select(t => $"{t.Value}"));
        IEnumerable<string> events = spans.To(server.Uri.Port).SelectMany(s => s.Events.SelectMany(e => e.Tags.Select(t => $"{t.Value}")));
        foreach (string shown in new[] { surfaced.Message, ledger }.Concat(ours).Concat(tags).Concat(events))
        {
            shown.ShouldNotContain(Secret);
            shown.ShouldNotContain("somebody");
        }
    }

    private static Uri WithCredentials(Uri uri) => new UriBuilder(uri) { UserName = "somebody", Password = Secret }.Uri;
}
