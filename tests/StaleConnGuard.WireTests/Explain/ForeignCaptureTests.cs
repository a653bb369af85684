using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Diagnosis;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>Captures of what is not ours on either side: nginx as a gateway, curl, and what tcpdump shows twice.</summary>
[Collection(ExactTime.Collection)]
public sealed class ForeignCaptureTests(ITestOutputHelper output) : IDisposable
{
    private const int Clients = 16;
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("staleconn-foreign-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Explain_NginxAsGatewayAndCurl_FindsTheRequestsThatTheyLostAndNoOther()
    {
        Require();
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx-proxy", out string reason), reason);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RealServer server = await RealServer.StartAsync("nginx", s_idleTimeout, link);
        await using RealServer gateway = await RealServer.StartAsync("nginx-proxy", TimeSpan.FromMinutes(1), upstream: server.Address);
        IReadOnlyList<TimeSpan> ages = await IdleTimeoutProbe.MeasureClosingAgesAsync(server.Address, TimeSpan.FromSeconds(5));
        AimWindow window = AimWindow.Around(ages[0], 2 * s_delay);
        string path = Path.Combine(_folder.FullName, "gateway.pcap");
        IReadOnlyList<string> lostByGateway;
        IReadOnlyList<string> lostByCurl;
        await using (TcpDump any = await TcpDump.StartAsync(path, "any", $"tcp and (host {link.ClientAddress} or port {gateway.Address.Port})"))
        {
            Task<IReadOnlyList<string>> curl = RaceCurlAsync(server.Address, window);
            lostByGateway = (await GatewayRace.RunAsync(gateway.Address, window, Clients, rounds: 2)).Where(outcome => outcome.Status == 502).Select(outcome => outcome.RequestId).ToArray();
            lostByCurl = await curl;
            await any.StopAsync();
            any.Dropped.ShouldBe(0);
        }

        ExecutionLog executions = await server.ReadExecutionsAsync();
        Explanation explanation = Explain(path);

        string[] found = [.. explanation.Findings.Where(finding => finding.IsTrouble).Select(finding => $"{finding.Server} {finding.Request?.Path}")];
        output.WriteLine($"gateway lost {lostByGateway.Count}, curl {lostByCurl.Count}, found {found.Length}; {string.Join(", ", explanation.Verdicts)}; {string.Join(" ", explanation.Causes.Select(cause => cause.Sentence))}");
        lostByGateway.ShouldNotBeEmpty("without a race nothing is shown");
        found.Order(StringComparer.Ordinal).ShouldBe(lostByGateway.Concat(lostByCurl).Select(id => $"{server.Address.Authority} {PathOfIdHandler.Prefix}{id}").Order(StringComparer.Ordinal));
        lostByGateway.ShouldAllBe(id => executions.CountOf(id) == 0);
        // On a machine that stalls nginx closes with the request in its kernel, unread: a reset, which proves nothing.
        explanation.Findings.ShouldAllBe(finding => finding.Judgement.Delivery == Delivery.ProvenUndelivered || finding.IsReset);
        explanation.VantagePoint.ShouldBe(VantagePoint.Client);
        Cause cause = explanation.Causes.Where(cause => cause.Settings.Count > 0).ShouldHaveSingleItem();
        cause.Server.ToString().ShouldBe(server.Address.Authority);
        cause.Settings.ShouldContain(setting => setting.Where == "nginx");
    }

    [Theory]
    [InlineData("any")]
    [InlineData("lo")]
    public async Task Explain_LoopbackCapture_CountsEachPacketOnceAndInventsNothing(string device)
    {
        Require();
        await using RealServer server = await RealServer.StartAsync("nginx", s_idleTimeout);
        string path = Path.Combine(_folder.FullName, "loopback.pcap");
        await using (TcpDump dump = await TcpDump.StartAsync(path, device, $"tcp port {server.Address.Port}"))
        {
            using var client = new HttpClient();
            for (int i = 0; i < 3; i++)
            {
                using var content = new ByteArrayContent(new byte[300]);
                using HttpResponseMessage response = await client.PostAsync(new Uri(server.Address, "/id/upload"), content);
            }

            // Until the server has closed it, and the client too.
            await Task.Delay(s_idleTimeout + TimeSpan.FromMilliseconds(500));
            await dump.StopAsync();
        }

        Explanation explanation = Explain(path, keepAll: true);

        output.WriteLine($"{explanation.Frames} frames, {explanation.Copies} copies; {string.Join(", ", explanation.Verdicts)}");
        explanation.VantagePoint.ShouldBe(VantagePoint.SameMachine);
        explanation.TroubleInAll.ShouldBe(0);
        explanation.Findings.Sum(finding => finding.Requests).ShouldBe(3);
        explanation.Findings.ShouldAllBe(finding => finding.Judgement.Verdict == Verdict.ClosedIdleByServer || finding.Judgement.Verdict == Verdict.Clean);
    }

    [Fact]
    public async Task Explain_CaptureOfABridgeOnAny_CountsEachPacketOnce()
    {
        Require();
        Requirement.MetOrSkip(BridgedNamespace.IsAvailable(out string reason), reason);
        string path = Path.Combine(_folder.FullName, "bridge.pcap");
        using var container = new BridgedNamespace();
        using var listener = new HttpListener();
        string prefix = $"http://{container.Host}:{FreePort(container.Host)}/";
        listener.Prefixes.Add(prefix);
        listener.Start();
        Task serving = ServeAsync(listener, requests: 2);
        await using (TcpDump dump = await TcpDump.StartAsync(path, "any", $"tcp and host {container.Host}"))
        {
            container.Run($"curl -s --max-time 20 {prefix}a {prefix}b");
            await serving;
            await dump.StopAsync();
        }

        Explanation explanation = Explain(path, keepAll: true);

        output.WriteLine($"{explanation.Frames} frames, {explanation.Copies} copies; {string.Join(", ", explanation.Verdicts)}");
        explanation.Copies.ShouldBe(explanation.Frames / 2);
        explanation.Frames.ShouldBeGreaterThan(20);
        explanation.TroubleInAll.ShouldBe(0);
        explanation.Findings.ShouldHaveSingleItem().Requests.ShouldBe(2);
    }

    private static int FreePort(IPAddress address)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static async Task ServeAsync(HttpListener listener, int requests)
    {
        for (int i = 0; i < requests; i++)
        {
            HttpListenerContext context = await listener.GetContextAsync();
            context.Response.ContentLength64 = 2;
            await context.Response.OutputStream.WriteAsync("ok"u8.ToArray());
            context.Response.Close();
        }
    }

    private static void Require()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(TcpDump.IsAvailable(out reason), reason);
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx", out reason), reason);
    }

    private static Explanation Explain(string path, bool keepAll = false)
    {
        using FileStream file = File.OpenRead(path);
        return new CaptureAnalysis(keepAll: keepAll).Run(CaptureReader.Open(file));
    }

    // curl sends again by itself, and says so. From start to start it counts a connect and two answers more than the idle age.
    private static async Task<IReadOnlyList<string>> RaceCurlAsync(Uri server, AimWindow window)
    {
        string?[] outcomes = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async i =>
        {
            TimeSpan age = window.From + ((window.To - window.From) * i / Clients);
            double perHour = TimeSpan.FromHours(1) / (age + (4 * s_delay));
            var start = new ProcessStartInfo(
                "curl",
                ["-s", "-v", "-o", "/dev/null", "-o", "/dev/null", "-d", "{}", "--rate", $"{Math.Round(perHour).ToString(CultureInfo.InvariantCulture)}/h", $"{server}id/curl-{i}-warm-up", $"{server}id/curl-{i}"])
            {
                RedirectStandardError = true,
                UseShellExecute = false,
            };
            using Process process = Process.Start(start)!;
            string said = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            process.ExitCode.ShouldBe(0, said);
            return said.Contains("Connection died, retrying", StringComparison.Ordinal) ? $"curl-{i}" : null;
        }));
        return [.. outcomes.OfType<string>()];
    }
}
