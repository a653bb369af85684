using System.Diagnostics;
using System.Net.NetworkInformation;
using System.Text.Json;
using StaleConnGuard.Cli;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests;

[Collection(ExactTime.Collection)]
public class RaceCommandTests
{
    [Fact]
    public async Task I_can_see_the_plain_client_lose_posts_in_a_short_race()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), $"No link of real packets: {reason}.");

        // On a machine with other things to do requests leave late, and a short race may miss its instant. It says so itself.
        (int exitCode, string output, string error) = await RunAsync("race --idle 400ms --requests 16 --workers 16");
        for (int again = 0; again < 8 && output.Contains("THE RACE DID NOT HAPPEN", StringComparison.Ordinal); again++)
        {
            (exitCode, output, error) = await RunAsync("race --idle 400ms --requests 32 --workers 16");
        }

        exitCode.ShouldBe(0, error);
        output.ShouldContain("real packets between two network namespaces, round trip 20 ms");
        output.ShouldContain("guarded, timeout configured");
        output.ShouldContain("POST, JSON body");
        output.ShouldNotContain("THE RACE DID NOT HAPPEN");
        output.ShouldContain("HttpClient as it is failed ");
    }

    [Fact]
    public async Task I_can_let_a_machine_read_the_result()
    {
        (int exitCode, string output, string error) = await RunAsync("race --json --relay --idle 300ms --requests 12 --workers 4 --seed 7");

        exitCode.ShouldBe(0, error);
        using var json = JsonDocument.Parse(output);
        JsonElement root = json.RootElement;
        root.GetProperty("link").GetString().ShouldBe("Relay");
        root.GetProperty("canProveDelivery").GetBoolean().ShouldBeFalse();
        root.GetProperty("seed").GetInt32().ShouldBe(7);
        root.GetProperty("idleTimeoutMs").GetDouble().ShouldBe(300);
        JsonElement[] results = [.. root.GetProperty("results").EnumerateArray()];
        results.Length.ShouldBe(15);
        results.ShouldAllBe(line => line.GetProperty("requests").GetInt32() == 12);
        JsonElement lost = results.Single(line => Is(line, "HttpClient as it is", "POST, JSON body"));
        lost.GetProperty("failed").GetInt32().ShouldBeGreaterThanOrEqualTo(4);
        lost.GetProperty("failed").GetInt32().ShouldBe(lost.GetProperty("raced").GetInt32());
        lost.GetProperty("executedTwice").GetInt32().ShouldBe(0);
        root.GetProperty("plainClientFailed").GetBoolean().ShouldBeTrue();

        static bool Is(JsonElement line, string contender, string request) =>
            line.GetProperty("contender").GetString() == contender && line.GetProperty("request").GetString() == request;
    }

    [Fact]
    public async Task I_can_see_who_executes_twice_when_a_server_dies()
    {
        (int exitCode, string output, string error) = await RunAsync("race --json --relay --idle 200ms --dying 100 --requests 4 --workers 4");

        exitCode.ShouldBe(0, error);
        using var json = JsonDocument.Parse(output);
        JsonElement[] posts = [.. json.RootElement.GetProperty("results").EnumerateArray().Where(line => line.GetProperty("request").GetString() == "POST, JSON body")];
        Of("HttpClient as it is", "executedTwice").ShouldBe(0);
        Of("HttpClient as it is", "failed").ShouldBe(4);
        Of("keep-alive off", "failed").ShouldBe(4);
        Of("retry on any failure", "executedTwice").ShouldBe(4);
        Of("retry on any failure", "failed").ShouldBe(0);
        Of("guarded, nothing known", "executedTwice").ShouldBe(0);
        Of("guarded, timeout configured", "executedTwice").ShouldBe(0);

        int Of(string contender, string figure) =>
            posts.Single(line => line.GetProperty("contender").GetString() == contender).GetProperty(figure).GetInt32();
    }

    [Fact]
    public async Task I_can_race_a_real_server_whose_timeout_is_measured()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), $"No link of real packets: {reason}.");
        Requirement.MetOrSkip(NginxServer.IsAvailable(out reason), $"No nginx: {reason}.");
        using DelayedLink link = DelayedLink.Create(TimeSpan.FromMilliseconds(10));
        await using NginxServer nginx = await NginxServer.StartAsync(TimeSpan.FromSeconds(1), link);

        (int exitCode, string output, string error) = await RunAsync($"race --json --server {nginx.Address} --requests 32 --workers 16");

        exitCode.ShouldBe(0, error);
        using var json = JsonDocument.Parse(output);
        JsonElement root = json.RootElement;
        root.GetProperty("idleTimeoutSource").GetString().ShouldBe("measured");
        root.GetProperty("idleTimeoutMs").GetDouble().ShouldBeInRange(950, 1500);
        root.GetProperty("roundTripMs").GetDouble().ShouldBeInRange(20, 100);
        root.GetProperty("plainClientFailed").GetBoolean().ShouldBeTrue();
        root.GetProperty("results")[0].GetProperty("executedTwice").ValueKind.ShouldBe(JsonValueKind.Null, "nobody counts there");
    }

    [Fact]
    public async Task I_am_told_in_one_line_that_nobody_listens()
    {
        (int exitCode, string output, string error) = await RunAsync("race --server http://127.0.0.1:1");

        exitCode.ShouldBe(1);
        output.ShouldBeEmpty();
        error.TrimEnd().ShouldNotContain("\n");
        error.ShouldStartWith("No race: ");
    }

    [Fact]
    public async Task I_can_stop_a_race_with_Ctrl_C_and_nothing_is_left()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), $"No link of real packets: {reason}.");
        string program = Path.ChangeExtension(typeof(RaceCommand).Assembly.Location, null);
        using Process process = InterruptibleProcess.Start(program, "race");

        // The header comes when the servers are there and the race begins.
        _ = await process.StandardOutput.ReadLineAsync();
        string device = (await process.StandardOutput.ReadLineAsync())!.Split(' ')[^1];
        Devices().ShouldContain(device);
        await process.InterruptAsync(TestContext.Current.CancellationToken);

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        process.ExitCode.ShouldBe(130);
        Devices().ShouldNotContain(device);
    }

    private static IEnumerable<string> Devices() => NetworkInterface.GetAllNetworkInterfaces().Select(device => device.Name);

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string line)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await CommandLine.RunAsync(line.Split(' '), output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
