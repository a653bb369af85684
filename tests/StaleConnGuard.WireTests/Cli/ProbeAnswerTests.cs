using System.Collections.Concurrent;
using System.Diagnostics;
using StaleConnGuard.Cli;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests;

/// <summary>What a probe says of servers where no millisecond counts.</summary>
public class ProbeAnswerTests
{
    [Fact]
    public async Task Probe_ServerThatAdvertisesWhenAsked_TellsTheTwoApart()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            ScriptedRequest request = (await connection.ReadRequestAsync())!;
            bool isAsked = request.Headers.GetValueOrDefault("Connection") == "keep-alive";
            await connection.AnswerAsync(request, headers: isAsked ? "Keep-Alive: timeout=5, max=100\r\n" : "");
            await Task.Delay(200);
            await connection.CloseAsync();
        });

        (await Probe.DescribeAsync($"{server.Uri} --connections 2")).ShouldContain("Keep-Alive  nothing unasked, timeout=5 to Connection: keep-alive");
    }

    [Fact]
    public async Task Probe_ServerThatIsPatient_SaysStillOpenAndSetsNothing()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromHours(1) });

        string output = await Probe.DescribeAsync($"{server.Address} --connections 2 --max-idle 200ms");

        output.ShouldContain("2 of 2 still open at 200ms");
        output.ShouldContain("Nothing to set");
        output.ShouldNotContain("AddStaleConnGuard");
    }

    // Side by side, because each takes half a second of waiting.
    [Fact]
    public Task Probe_ConnectionThatIsNotKept_SaysWhy() => Task.WhenAll(
        NotKeptAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", "the answer says Connection: close"),
        NotKeptAsync("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.0 that does not say keep-alive"),
        NotKeptAsync("HTTP/1.1 200 OK\r\n\r\nok", "the body ends with the connection"),
        NotKeptAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "closed at once, without saying so"));

    [Fact]
    public async Task Probe_Headers_AreSent()
    {
        var requests = new ConcurrentBag<ScriptedRequest>();
        await using var server = new ScriptedServer(async connection =>
        {
            ScriptedRequest request = (await connection.ReadRequestAsync())!;
            requests.Add(request);
            await connection.AnswerAsync(request, headers: "Connection: close\r\n");
        });

        _ = await Probe.DescribeAsync($"{server.Uri}path?query=1 --connections 2 --method POST --header Host:orders.test --header X-Key:secret");

        requests.Count.ShouldBe(2);
        requests.ShouldAllBe(request => request.Target == "/path?query=1" && request.Method == "POST");
        requests.ShouldAllBe(request => request.Headers["Host"] == "orders.test" && request.Headers["X-Key"] == "secret" && request.Headers["Content-Length"] == "0");
    }

    [Fact]
    public async Task Probe_ServerNobodyCanTalkTo_Exits2AndSaysWhichInOneLine()
    {
        await using var tls = new ScriptedServer(connection => connection.AnswerAllAsync(), tls: true);
        await using var binary = new ScriptedServer(connection => connection.Stream.WriteAsync(new byte[] { 0, 0, 18, 4, 0, 0, 0 }).AsTask());
        await using var chatty = new ScriptedServer(connection => connection.WriteAsync("220 mail.test ESMTP\r\n"));
        await using var silent = new ScriptedServer(connection => connection.CloseAsync());

        await ShouldFailAsync("http://127.0.0.1:1/", "refused: nothing listens on port 1 of 127.0.0.1");
        await ShouldFailAsync("http://staleconn.invalid/", "name not found: staleconn.invalid");
        await ShouldFailAsync(tls.Uri.ToString(), "TLS failure: ");
        await ShouldFailAsync(binary.Uri.ToString().Replace("http:", "https:", StringComparison.Ordinal), "TLS failure: ");
        await ShouldFailAsync(binary.Uri.ToString(), "not HTTP/1.1: the server sends binary data");
        await ShouldFailAsync(chatty.Uri.ToString(), "not HTTP/1.1: the answer begins with '220 mail.test ESMTP'");
        await ShouldFailAsync(silent.Uri.ToString(), "not HTTP/1.1: the connection was ");
    }

    [Fact]
    public async Task Probe_CtrlC_Exits130()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromHours(1) });
        string program = Path.ChangeExtension(typeof(ProbeCommand).Assembly.Location, null);
        using Process process = InterruptibleProcess.Start(program, "probe", server.Address.ToString(), "--json");

        // The first plain line of progress: from here on it is waiting.
        string? line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        await process.InterruptAsync(TestContext.Current.CancellationToken);

        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20));
        process.ExitCode.ShouldBe(130);
        line.ShouldEndWith("5 of 5 connections answered, 5 idle, 0 closed");
        (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    private static async Task ShouldFailAsync(string address, string why)
    {
        (int exitCode, string output, string error) = await Probe.RunAsync(address);
        exitCode.ShouldBe(CommandLine.BadArguments, why);
        output.ShouldBeEmpty();
        error.TrimEnd().ShouldStartWith($"{address}: {why}");
        error.TrimEnd().ShouldNotContain("\n");
    }

    private static async Task NotKeptAsync(string answer, string why)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            _ = await connection.ReadRequestAsync();
            await connection.WriteAsync(answer);
            await connection.CloseAsync();
        });

        string output = await Probe.DescribeAsync($"{server.Uri} --connections 2");

        output.ShouldContain($"2 of 2 not kept, {why}");
        output.ShouldContain("Nothing to set");
    }
}
