using System.Diagnostics;
using System.Text.RegularExpressions;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>What <c>tcpdump -U -w - | staleconn explain -</c> does.</summary>
[Collection(ExactTime.Collection)]
public partial class LiveCaptureTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Explain_LiveCapture_TellsALostRequestWhileTheCaptureGoesOnAndSumsUpWhenInterrupted(bool isJson)
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(TcpDump.IsAvailable(out reason), reason);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(s_patience);
        using DelayedLink link = DelayedLink.Create(TimeSpan.FromMilliseconds(25));
        await using var server = RaceServer.Start(link, new RaceServerOptions { IdleTimeout = TimeSpan.FromSeconds(1) });
        string options = isJson ? "--json" : "--port " + server.Address.Port;
        using Process shell = Start($"tcpdump -i {link.DeviceName} -n -U --immediate-mode -Z root -s 2048 -B 16384 -w - tcp | dotnet exec {Path.Combine(AppContext.BaseDirectory, "staleconn.dll")} explain - {options}");
        try
        {
            // What goes by while it is only half listening is missing from the capture, which explain would say.
            (await shell.StandardError.ReadLineAsync(patience.Token)).ShouldNotBeNull().ShouldContain("listening on");
            Task<string?> line = FindAsync(
                shell.StandardOutput, isJson ? "\"verdict\":\"LostInFlight\"" : "POST /orders  request lost: in flight when the server closed, not taken", patience.Token);
            int lost = 0;
            while (lost == 0 || !line.IsCompleted)
            {
                lost += await RaceOnceAsync(server.Address, patience.Token);
            }

            (await line).ShouldNotBeNull();
            shell.HasExited.ShouldBeFalse("the capture goes on");
        }
        finally
        {
            // As Ctrl-C does: to the whole group.
            using Process kill = Process.Start("kill", ["-INT", "--", $"-{shell.Id}"]);
            await kill.WaitForExitAsync(CancellationToken.None);
        }

        string rest = await shell.StandardOutput.ReadToEndAsync(patience.Token);
        string error = await shell.StandardError.ReadToEndAsync(patience.Token);
        rest.ShouldContain("Your client keeps idle connections longer than", customMessage: error);

        // Of tcpdump, and of nobody else.
        error.ShouldContain("\n0 packets dropped by kernel");
        error.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldAllBe(said => TcpDumpLine().IsMatch(said));
    }

    [GeneratedRegex("^[0-9]+ packets? (captured|received by filter|dropped by kernel)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TcpDumpLine();

    // On a busy machine one or another is sent after the FIN has come, which explain says in other words.
    private static async Task<string?> FindAsync(StreamReader lines, string text, CancellationToken cancellationToken)
    {
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }

        return null;
    }

    private static Process Start(string line)
    {
        // A group of its own, and no SIGINT that is ignored because a shell started the tests in the background.
        var start = new ProcessStartInfo("setsid", ["env", "--default-signal=INT", "bash", "-c", line])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        return Process.Start(start)!;
    }

    // Ten clients in the window: some of them meet the close.
    private static async Task<int> RaceOnceAsync(Uri server, CancellationToken cancellationToken)
    {
        int[] lost = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            using var client = new HttpClient();
            _ = await client.GetStringAsync(new Uri(server, "/warm"), cancellationToken);
            await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(Stopwatch.GetTimestamp(), TimeSpan.FromMilliseconds(952 + (4 * i))), cancellationToken);
            try
            {
                using var content = new StringContent("{}");
                using HttpResponseMessage response = await client.PostAsync(new Uri(server, "/orders"), content, cancellationToken);
                return 0;
            }
            catch (HttpRequestException)
            {
                return 1;
            }
        }));
        return lost.Sum();
    }
}
