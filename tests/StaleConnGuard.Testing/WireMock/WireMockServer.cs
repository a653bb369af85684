using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace StaleConnGuard.Testing;

/// <summary>
/// A real WireMock on a free loopback port, run by java from the standalone jar (environment variable <c>WIREMOCK_JAR</c>, or what
/// <c>tests/servers/install-wiremock</c> fetched). Its request journal tells how many attempts came.
/// </summary>
public sealed class WireMockServer : IAsyncDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);

    private readonly HttpClient _admin = new();
    private Process? _process;
    private string? _missing;

    /// <summary>Where it answers; ends with a slash.</summary>
    public Uri Uri { get; private set; } = new("http://127.0.0.1/");

    /// <summary>Skips the test (fails it in continuous integration) when there is no jar or no java.</summary>
    public void Require() => Requirement.MetOrSkip(_missing is null, _missing ?? "");

    public async Task StartAsync()
    {
        if (FindJar() is not string jar)
        {
            _missing = "No WireMock jar: run tests/servers/install-wiremock, or set WIREMOCK_JAR.";
            return;
        }

        var start = new ProcessStartInfo("java") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-Xmx192m", "-XX:TieredStopAtLevel=1", "-jar", jar, "--port", "0", "--bind-address", "127.0.0.1"])
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            _process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            _missing = $"No java to run WireMock with: {e.Message}";
            return;
        }

        int port = await ReadPortAsync(_process);
        Uri = new Uri($"http://127.0.0.1:{port}/");
    }

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        if (_process is null)
        {
            return;
        }

        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Answers requests to <paramref name="path"/> with these responses in a row, the last one for ever.</summary>
    public async Task StubAsync(string path, params JsonObject[] responses)
    {
        for (int i = 0; i < responses.Length; i++)
        {
            var mapping = new JsonObject
            {
                ["request"] = new JsonObject { ["urlPath"] = path, ["method"] = "ANY" },
                ["response"] = responses[i].DeepClone(),
            };
            if (responses.Length > 1)
            {
                mapping["scenarioName"] = path;
                mapping["requiredScenarioState"] = i == 0 ? "Started" : State(i);
                mapping["newScenarioState"] = State(Math.Min(i + 1, responses.Length - 1));
            }

            using HttpResponseMessage added = await _admin.PostAsJsonAsync(new Uri(Uri, "__admin/mappings"), mapping);
            added.EnsureSuccessStatusCode();
        }

        static string State(int i) => string.Create(CultureInfo.InvariantCulture, $"answer {i}");
    }

    /// <summary>
    /// What came to <paramref name="path"/>, in order, once there are <paramref name="expected"/> at least: the journal is written
    /// after the answer. Whether there were more is the caller's to assert.
    /// </summary>
    public async Task<IReadOnlyList<WireMockRequest>> JournalAsync(string path, int expected)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            JsonNode journal = (await _admin.GetFromJsonAsync<JsonNode>(new Uri(Uri, "__admin/requests")))!;
            List<WireMockRequest> seen = [.. journal["requests"]!.AsArray().Select(r => Read(r!["request"]!)).Where(r => r.Path == path).OrderBy(r => r.At)];
            if (seen.Count >= expected || Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(10))
            {
                return seen;
            }

            await Task.Delay(20);
        }
    }

    private static WireMockRequest Read(JsonNode request) => new(
        (string)request["method"]!,
        new Uri((string)request["absoluteUrl"]!).AbsolutePath,
        (string?)request["body"] ?? "",
        DateTimeOffset.FromUnixTimeMilliseconds((long)request["loggedDate"]!),
        request["headers"]!.AsObject().ToDictionary(h => h.Key, h => h.Value is JsonValue value && value.GetValueKind() is JsonValueKind.String ? (string)h.Value! : h.Value!.ToJsonString(), StringComparer.OrdinalIgnoreCase));

    private static string? FindJar()
    {
        if (Environment.GetEnvironmentVariable("WIREMOCK_JAR") is string named)
        {
            return File.Exists(named) ? named : null;
        }

        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string installed = Path.Combine(at.FullName, "tests", "servers", "wiremock", "node_modules", "wiremock", "build");
            if (Directory.Exists(installed))
            {
                return Directory.GetFiles(installed, "wiremock-standalone-*.jar").SingleOrDefault();
            }
        }

        return null;
    }

    private static async Task<int> ReadPortAsync(Process process)
    {
        using var limit = new CancellationTokenSource(s_startLimit);
        var said = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is string line)
        {
            said.Add(line);
            if (line.StartsWith("port:", StringComparison.Ordinal))
            {
                // Its further output is read away, so that it never blocks on a full pipe.
                _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
                return int.Parse(line["port:".Length..].Trim(), CultureInfo.InvariantCulture);
            }
        }

        throw new InvalidOperationException($"WireMock did not start: {string.Join('\n', said)} {await process.StandardError.ReadToEndAsync(limit.Token)}");
    }
}

/// <summary>One request of WireMock's journal.</summary>
public sealed record WireMockRequest(string Method, string Path, string Body, DateTimeOffset At, IReadOnlyDictionary<string, string> Headers);
