using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using StaleConnGuard.Cli;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Documents;

/// <summary>The container file, the systemd unit and the sidecar of <c>docs/reverse-proxy.md</c>: their commands are ones that the tool takes, and they fit each other.</summary>
public sealed partial class DeploymentSnippetTests
{
    // What the command waits for besides --drain, by docs/cli.md: running requests are answered for up to a minute.
    private static readonly TimeSpan s_longestRequest = TimeSpan.FromMinutes(1);

    private static readonly Document s_page = Document.Read("docs/reverse-proxy.md");

    [Fact]
    public void Container_RunsACommandThatTheToolTakes()
    {
        string file = Block("dockerfile");
        string[] command = [.. Words(file, "ENTRYPOINT"), .. Words(file, "CMD")];

        file.ShouldContain("RUN dotnet tool install --tool-path /tool staleconn");
        file.ShouldContain("COPY --from=tool /tool /tool");
        command[0].ShouldBe("/tool/staleconn");
        ShouldBeTaken(command[1..]);
        TargetFramework().Match(File.ReadAllText(Repository.PathOf("Directory.Build.props"))).Groups["version"].Value.ShouldBe("10.0");
        Image().Matches(file).Select(match => match.Groups["tag"].Value).ShouldBe(["10.0", "10.0"]);
    }

    [Fact]
    public void Unit_RunsACommandThatTheToolTakes_AndLeavesItTheTimeToEnd()
    {
        Dictionary<string, string> unit = Block("ini").Replace("\\\n", "", StringComparison.Ordinal).Split('\n').Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        string[] command = unit["ExecStart"].Split(' ', StringSplitOptions.RemoveEmptyEntries);

        command[0].ShouldEndWith("/staleconn");
        ShouldBeTaken(command[1..]);
        TimeSpan.FromSeconds(int.Parse(unit["TimeoutStopSec"], CultureInfo.InvariantCulture)).ShouldBeGreaterThan(DefaultDrain() + s_longestRequest);
    }

    [Fact]
    public async Task Unit_IsAcceptedBySystemd()
    {
        const string Analyze = "/usr/bin/systemd-analyze";
        Requirement.MetOrSkip(File.Exists(Analyze), "systemd-analyze is not installed (tests/servers/install)");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("staleconn-unit-");
        try
        {
            // It wants the program to be there.
            string file = Path.Combine(folder.FullName, "staleconn-proxy.service");
            await File.WriteAllTextAsync(file, Block("ini").Replace("/usr/local/bin/staleconn", "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            var start = new ProcessStartInfo(Analyze, ["verify", "--man=no", file]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
            using Process verify = Process.Start(start)!;
            string said = await verify.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await verify.WaitForExitAsync(TestContext.Current.CancellationToken);

            said.Split('\n').Where(line => line.Contains("staleconn-proxy", StringComparison.Ordinal)).ShouldBeEmpty();
            verify.ExitCode.ShouldBe(0, said);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Sidecar_FitsTheContainer_AndLeavesItTheTimeToEnd()
    {
        string pod = Block("yaml");
        string[] entryPoint = Words(Block("dockerfile"), "ENTRYPOINT");
        string[] arguments = JsonSerializer.Deserialize<string[]>(Arguments().Match(pod).Groups["list"].Value)!;

        ShouldBeTaken([.. entryPoint[1..], .. arguments]);
        string PortOf(string option) => new UriBuilder(entryPoint[Array.IndexOf(entryPoint, option) + 1].Replace('*', 'a')).Port.ToString(CultureInfo.InvariantCulture);
        Dictionary<string, string> ports = Port().Matches(pod).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["port"].Value, StringComparer.Ordinal);
        ports["http"].ShouldBe(PortOf("--listen"));
        ports["metrics"].ShouldBe(PortOf("--metrics"));
        ports.Keys.ShouldContain(Probe().Match(pod).Groups["port"].Value);
        Probe().Match(pod).Groups["path"].Value.ShouldBe("/healthz");

        var drain = TimeSpan.FromSeconds(int.Parse(arguments[Array.IndexOf(arguments, "--drain") + 1].TrimEnd('s'), CultureInfo.InvariantCulture));
        TimeSpan[] sleeps = [.. Sleep().Matches(pod).Select(match => TimeSpan.FromSeconds(int.Parse(match.Groups["seconds"].Value, CultureInfo.InvariantCulture)))];
        sleeps.Length.ShouldBe(2, "the application's and the proxy's");
        sleeps[0].ShouldBeGreaterThan(sleeps[1] + drain);
        TimeSpan.FromSeconds(int.Parse(Grace().Match(pod).Groups["seconds"].Value, CultureInfo.InvariantCulture)).ShouldBeGreaterThanOrEqualTo(sleeps[1] + drain + s_longestRequest);
        pod.ShouldNotContain("\t");
    }

    private static void ShouldBeTaken(string[] arguments) =>
        CommandLine.Root().Parse(arguments).Errors.Select(error => error.Message).ShouldBeEmpty(string.Join(' ', arguments));

    private static string Block(string language) => s_page.Blocks.Where(block => block.Language == language).ShouldHaveSingleItem().Code;

    private static string[] Words(string file, string instruction) =>
        JsonSerializer.Deserialize<string[]>(file.Split('\n').Single(line => line.StartsWith(instruction + " ", StringComparison.Ordinal))[instruction.Length..])!;

    /// <summary>As the table of the command line says, which is compared with the code.</summary>
    private static TimeSpan DefaultDrain() => TimeSpan.FromSeconds(int.Parse(Drain().Match(File.ReadAllText(Repository.PathOf("docs/cli.md"))).Groups["seconds"].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"<TargetFramework>net(?<version>[\d.]+)<", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TargetFramework();

    [GeneratedRegex(@"^FROM mcr\.microsoft\.com/dotnet/\w+:(?<tag>\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Image();

    [GeneratedRegex(@"^ +args: (?<list>\[.*\])$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Arguments();

    [GeneratedRegex(@"\{ name: (?<name>\w+), containerPort: (?<port>\d+) \}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Port();

    [GeneratedRegex(@"httpGet: \{ path: (?<path>\S+), port: (?<port>\w+) \}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Probe();

    [GeneratedRegex(@"terminationGracePeriodSeconds: (?<seconds>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Grace();

    [GeneratedRegex("\"sleep\", \"(?<seconds>[0-9]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sleep();

    [GeneratedRegex(@"`--drain 20s`.*at most (?<seconds>\d+) s", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Drain();
}
