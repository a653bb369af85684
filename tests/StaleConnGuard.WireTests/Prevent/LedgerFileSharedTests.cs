using System.Diagnostics;
using System.Text.Json;
using StaleConnGuard.Cli;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>Two processes with one file in which learned timeouts are kept, each with a server of its own, ended at the same moment.</summary>
public sealed class LedgerFileSharedTests : IDisposable
{
    private const int Rounds = 4;
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(600);

    private readonly string _folder = Directory.CreateTempSubdirectory("staleconn-ledger-").FullName;

    private string Ledger => Path.Combine(_folder, "ledger.json");

    [Fact]
    public async Task File_OfTwoProcessesThatEndTogether_HoldsWhatBothHaveLearned_AndTheNextOneKnowsIt()
    {
        await using var one = RaceServer.Start(new() { IdleTimeout = s_idle });
        await using var other = RaceServer.Start(new() { IdleTimeout = s_idle });
        using Process first = Start(one.Address);
        using Process second = Start(other.Address);
        try
        {
            await Task.WhenAll(TeachAsync(first), TeachAsync(second));
            using (Process kill = Process.Start("kill", ["-TERM", $"{first.Id}", $"{second.Id}"]))
            {
                await kill.WaitForExitAsync();
            }

            await Task.WhenAll(first.WaitForExitAsync(), second.WaitForExitAsync()).WaitAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            End(first);
            End(second);
        }

        using (var file = JsonDocument.Parse(await File.ReadAllTextAsync(Ledger)))
        {
            string[] origins = [.. file.RootElement.GetProperty("origins").EnumerateArray().Select(entry => entry.GetProperty("origin").GetString()!)];
            origins.ShouldBe([Origin(one.Address), Origin(other.Address)], ignoreOrder: true);
        }

        // The next process, and people who ask for what was learned.
        using var output = new StringWriter();
        (await CommandLine.RunAsync(["ledger", Ledger], output, TextWriter.Null, TestContext.Current.CancellationToken)).ShouldBe(0);
        output.ToString().ShouldContain(Origin(one.Address));
        output.ToString().ShouldContain(Origin(other.Address));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Origin(Uri address) => $"http://{address.Authority}";

    private Process Start(Uri upstream)
    {
        string configuration = Path.Combine(_folder, $"{upstream.Port}.json");
        File.WriteAllText(configuration, $$"""
            {
              "ReverseProxy": {
                "Routes": { "all": { "ClusterId": "one", "Match": { "Path": "{**rest}" } } },
                "Clusters": { "one": { "Destinations": { "it": { "Address": "{{upstream}}" } } } }
              },
              "StaleConnGuard": { "KeepAlive": { "LedgerFile": "{{Ledger}}" } }
            }
            """);
        return InterruptibleProcess.Start(
            Path.ChangeExtension(typeof(ProxyCommand).Assembly.Location, null),
            "proxy", "--listen", "http://127.0.0.1:0", "--config", configuration, "--drain", "0s");
    }

    private static async Task TeachAsync(Process proxy)
    {
        string line = (await proxy.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)) ?? await proxy.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var address = new Uri(line.Split(' ', ',')[2]);
        using var client = new HttpClient();
        for (int round = 0; round < Rounds; round++)
        {
            (await client.GetStringAsync(address, TestContext.Current.CancellationToken)).ShouldBe("ok\n");
            await Task.Delay(s_idle * 1.5, TestContext.Current.CancellationToken);
        }
    }

    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
    }
}
