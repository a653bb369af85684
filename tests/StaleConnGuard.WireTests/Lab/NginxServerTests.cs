using System.Diagnostics;
using System.Net;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests;

public class NginxServerTests
{
    public NginxServerTests() => Requirement.MetOrSkip(NginxServer.IsAvailable(out string reason), $"No nginx: {reason}.");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_OnLoopback_AnswersEveryMethodAndCountsExecutions(bool secure)
    {
        using var certificate = secure ? SelfSignedCertificate.Create(IPAddress.Loopback) : null;
        await using NginxServer server = await NginxServer.StartAsync(TimeSpan.FromSeconds(5), certificate: certificate);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        using var client = new HttpClient(handler);
        string[] methods = ["GET", "POST", "PUT", "DELETE"];
        foreach (string method in methods)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), server.Address);
            request.Headers.Add("X-Request-Id", method);
            using HttpResponseMessage response = await client.SendAsync(request);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await response.Content.ReadAsStringAsync()).ShouldBe("ok\n");
        }

        ExecutionLog executions = await server.ReadExecutionsAsync();
        executions.Total.ShouldBe(4);
        executions.Of("DELETE").ShouldHaveSingleItem().RequestOnConnection.ShouldBe(4);
    }

    [Fact]
    public async Task Start_BehindALink_IsReachedThroughItAndEndsOnDispose()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), $"No link of real packets: {reason}.");
        using DelayedLink link = DelayedLink.Create(TimeSpan.FromMilliseconds(5));
        int processId;
        await using (NginxServer server = await NginxServer.StartAsync(TimeSpan.FromSeconds(5), link))
        {
            processId = server.ProcessId;
            using var client = new HttpClient();
            _ = await client.GetStringAsync(server.Address);
            long start = Stopwatch.GetTimestamp();
            (await client.GetStringAsync(server.Address)).ShouldBe("ok\n");
            Stopwatch.GetElapsedTime(start).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(10));
        }

        Should.Throw<ArgumentException>(() => Process.GetProcessById(processId));
    }
}
