using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests;

[Collection(ExactTime.Collection)]
public class ProbeCommandTests
{
    [Fact]
    public async Task Probe_ServerThatClosesAtAnExactAge_SaysThatAge()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromMilliseconds(400) });

        using JsonDocument json = await Probe.MeasureAsync($"{server.Address} --connections 3");

        JsonElement root = json.RootElement;
        root.GetProperty("idleAgeMinMs").GetDouble().ShouldBeInRange(380, 800);
        root.GetProperty("idleAgeMaxMs").GetDouble().ShouldBeInRange(380, 800);
        root.GetProperty("fin").GetInt32().ShouldBe(3);
        root.GetProperty("httpVersion").GetString().ShouldBe("HTTP/1.1");
        root.GetProperty("connections").GetArrayLength().ShouldBe(3);
        root.GetProperty("connections").EnumerateArray().Select(one => one.GetProperty("asked").GetBoolean()).ShouldBe([false, true, false]);
        root.GetProperty("prefersHttp2").ValueKind.ShouldBe(JsonValueKind.Null);
        server.ConnectionsAccepted.ShouldBe(3);
    }

    [Fact]
    public async Task Probe_Result_CanBeConfiguredAsPrinted()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromMilliseconds(400) });

        using JsonDocument json = await Probe.MeasureAsync($"{server.Address} --connections 2");

        string settings = json.RootElement.GetProperty("options").GetProperty("json").GetRawText();
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(settings));
        IConfiguration configuration = new ConfigurationBuilder().AddJsonStream(stream).Build();
        using ServiceProvider services = new ServiceCollection().AddStaleConnGuard(configuration.GetSection("StaleConnGuard")).BuildServiceProvider();
        StaleConnGuardOptions options = services.GetRequiredService<IOptionsMonitor<StaleConnGuardOptions>>().Get("any");
        (string origin, KeepAliveOriginOptions set) = options.KeepAlive.Origins.ShouldHaveSingleItem();
        origin.ShouldBe(server.Address.GetLeftPart(UriPartial.Authority));
        set.ServerTimeout!.Value.TotalMilliseconds.ShouldBe(json.RootElement.GetProperty("serverTimeoutMs").GetDouble());
        set.ServerTimeout.Value.TotalMilliseconds.ShouldBeInRange(380, 800);
    }

    [Fact]
    public async Task Probe_ServerThatAdvertises_SaysSo()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromMilliseconds(300), AdvertisedTimeout = TimeSpan.FromSeconds(7) });

        string output = await Probe.DescribeAsync($"{server.Address} --connections 2");

        output.ShouldContain("Keep-Alive  timeout=7 unasked, timeout=7 to Connection: keep-alive");
        output.ShouldContain("2 of 2 closed with a FIN at an idle age of 0.");
        output.ShouldContain($"options.KeepAlive.Origins[\"{server.Address.GetLeftPart(UriPartial.Authority)}\"] = new() {{ ServerTimeout = TimeSpan.From");
    }

    [Fact]
    public async Task Probe_ServerThatResets_SaysSo()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            await Task.Delay(200);
            connection.Reset();
        });

        using JsonDocument json = await Probe.MeasureAsync($"{server.Uri} --connections 2");

        json.RootElement.GetProperty("reset").GetInt32().ShouldBe(2);
        json.RootElement.GetProperty("idleAgeMinMs").GetDouble().ShouldBeInRange(185, 400);
    }

    // Side by side, because each takes a second of waiting.
    [Fact]
    public Task Probe_Body_IsReadToItsEndBeforeIdlenessBegins() => Task.WhenAll(
        ReadToItsEndAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n|0\r\nTrailer: t\r\n\r\n", "GET", "Chunked"),
        ReadToItsEndAsync("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n|HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello|world", "GET", "ContentLength"),
        ReadToItsEndAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "HEAD", "None"),
        ReadToItsEndAsync("HTTP/1.1 204 No Content\r\n\r\n", "DELETE", "None"));

    [Fact]
    public async Task Probe_ServerThatSpeaksBeforeItCloses_SaysWhat()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            await Task.Delay(200);
            await connection.WriteAsync("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
            await Task.Delay(800);
            await connection.CloseAsync();
        });

        using JsonDocument json = await Probe.MeasureAsync($"{server.Uri} --connections 2");

        JsonElement first = json.RootElement.GetProperty("connections")[0];
        first.GetProperty("unasked").GetString().ShouldBe("HTTP/1.1 408 Request Timeout");
        first.GetProperty("idleAgeMs").GetDouble().ShouldBeInRange(185, 900, "from there on the connection is of no use");
    }

    [Fact]
    public async Task Probe_Tls_IsMeasuredAsWell()
    {
        using var certificate = SelfSignedCertificate.Create(IPAddress.Loopback);
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromMilliseconds(400), Certificate = certificate });

        using JsonDocument json = await Probe.MeasureAsync($"{server.Address} --connections 2 --insecure");

        json.RootElement.GetProperty("idleAgeMinMs").GetDouble().ShouldBeInRange(380, 800);
        json.RootElement.GetProperty("fin").GetInt32().ShouldBe(2);
        json.RootElement.GetProperty("prefersHttp2").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task Probe_RealNginx_SaysItsTimeout()
    {
        Requirement.MetOrSkip(NginxServer.IsAvailable(out string reason), $"No nginx: {reason}.");
        using var certificate = SelfSignedCertificate.Create(IPAddress.Loopback);
        await using NginxServer plain = await NginxServer.StartAsync(TimeSpan.FromSeconds(1), cancellationToken: TestContext.Current.CancellationToken);
        await using NginxServer secure = await NginxServer.StartAsync(TimeSpan.FromSeconds(1), null, certificate, TestContext.Current.CancellationToken);

        JsonDocument[] results = await Task.WhenAll(Probe.MeasureAsync($"{plain.Address} --connections 3"), Probe.MeasureAsync($"{secure.Address} --connections 3 --insecure"));

        foreach (JsonDocument result in results)
        {
            using JsonDocument json = result;
            JsonElement root = json.RootElement;
            root.GetProperty("idleAgeMinMs").GetDouble().ShouldBeInRange(980, 1500);
            root.GetProperty("idleAgeMaxMs").GetDouble().ShouldBeInRange(980, 1500);
            root.GetProperty("fin").GetInt32().ShouldBe(3);
            root.GetProperty("serverTimeoutMs").GetDouble().ShouldBeInRange(980, 1500);
        }
    }

    private static async Task ReadToItsEndAsync(string answer, string method, string framing)
    {
        var methods = new ConcurrentBag<string>();
        await using var server = new ScriptedServer(async connection =>
        {
            methods.Add((await connection.ReadRequestAsync())!.Method);
            foreach (string part in answer.Split('|'))
            {
                await Task.Delay(300);
                await connection.WriteAsync(part);
            }

            await Task.Delay(200);
            await connection.CloseAsync();
        });

        using JsonDocument json = await Probe.MeasureAsync($"{server.Uri} --connections 2 --method {method}");

        json.RootElement.GetProperty("body").GetString().ShouldBe(framing);
        json.RootElement.GetProperty("fin").GetInt32().ShouldBe(2, answer);
        json.RootElement.GetProperty("idleAgeMinMs").GetDouble().ShouldBeInRange(185, 480, "counted from the last part, which came 300 ms after the one before");
        methods.ShouldBe([method, method]);
    }
}
