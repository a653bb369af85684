using System.Diagnostics;
using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>The settings that explain prints, shown to the programs that they are for: each accepts its own.</summary>
public sealed class KnobTests : IDisposable
{
    private static readonly Endpoint s_server = Endpoint.Of(System.Net.IPAddress.Parse("10.0.0.7"), 9000);
    private static readonly IReadOnlyList<Setting> s_client = Knobs.OfClient(s_server, isTls: false, TimeSpan.FromSeconds(5));
    private static readonly IReadOnlyList<Setting> s_ofServer = Knobs.OfServer(TimeSpan.FromSeconds(60));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("staleconn-knobs-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Nginx_accepts_both()
    {
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx", out string reason), reason);
        string upstream = Text(s_client, "nginx").Replace("upstream …", "upstream behind", StringComparison.Ordinal).Replace("{ keepalive …;", "{ server 10.0.0.7:9000; keepalive 8;", StringComparison.Ordinal);

        await AcceptsAsync("/usr/sbin/nginx", $"-t -e stderr -p {_folder.FullName} -c {{0}}", $"pid nginx.pid; events {{}} http {{ {Text(s_ofServer, "nginx")} access_log off; {upstream} }}");
    }

    [Fact]
    public async Task Haproxy_accepts_both()
    {
        Requirement.MetOrSkip(RealServer.IsAvailable("haproxy", out string reason), reason);
        string delay = Text(s_client, "HAProxy").Replace("server …", "server behind 10.0.0.7:9000", StringComparison.Ordinal).Split(" (")[0];

        await AcceptsAsync(
            "/usr/sbin/haproxy",
            "-c -f {0}",
            $"defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n {Text(s_ofServer, "HAProxy")}\nfrontend all\n bind 127.0.0.1:1\n default_backend behind\nbackend behind\n {delay} pool-max-conn 0\n");
    }

    [Fact]
    public async Task Caddy_accepts_both()
    {
        Requirement.MetOrSkip(RealServer.IsAvailable("caddy", out string reason), reason);
        string proxy = Text(s_client, "Caddy").Replace("reverse_proxy … { transport http { ", "reverse_proxy 10.0.0.7:9000 {\n transport http {\n ", StringComparison.Ordinal).Replace(" } }", "\n }\n}", StringComparison.Ordinal);
        string servers = Text(s_ofServer, "Caddy").Replace("{ ", "{\n", StringComparison.Ordinal).Replace(" }", "\n}", StringComparison.Ordinal);

        await AcceptsAsync("/usr/bin/caddy", "adapt --adapter caddyfile --config {0}", $"{{\n{servers}\n}}\nhttp://localhost:1 {{\n{proxy}\n}}\n");
    }

    [Fact]
    public async Task Apache_accepts_both()
    {
        Requirement.MetOrSkip(RealServer.IsAvailable("apache", out string reason), reason);
        string proxy = Text(s_client, "Apache httpd").Replace("ProxyPass …", "ProxyPass / http://10.0.0.7:9000/", StringComparison.Ordinal).Split(" (")[0];
        const string Modules = "/usr/lib/apache2/modules";

        await AcceptsAsync(
            "/usr/sbin/apache2",
            "-t -f {0}",
            $"ServerRoot {_folder.FullName}\nServerName here\nPidFile httpd.pid\nErrorLog error.log\nListen 127.0.0.1:1\nLoadModule mpm_event_module {Modules}/mod_mpm_event.so\nLoadModule proxy_module {Modules}/mod_proxy.so\nLoadModule proxy_http_module {Modules}/mod_proxy_http.so\n{Text(s_ofServer, "Apache httpd")}\n{proxy}\n");
    }

    [Fact]
    public async Task Go_accepts_both()
    {
        Requirement.MetOrSkip(File.Exists("/usr/bin/go"), "Go is not installed (tests/servers/install)");

        await AcceptsAsync("/usr/bin/gofmt", "-e {0}", $"package main\n\nvar client = {Text(s_client, "Go")}\nvar server = {Text(s_ofServer, "Go")}\n");
    }

    [Theory]
    [InlineData("gunicorn", "/usr/bin/gunicorn", "--help", "--keep-alive")]
    [InlineData("Uvicorn", "/usr/bin/uvicorn", "--help", "--timeout-keep-alive")]
    [InlineData("uWSGI", "/usr/bin/uwsgi-core", "--plugin http --help", "--http-keepalive")]
    public async Task Option_is_one_of_its_program(string name, string program, string help, string option)
    {
        Requirement.MetOrSkip(File.Exists(program), $"{name} is not installed (tests/servers/install)");
        Text(s_ofServer, name).ShouldStartWith(option);

        (_, string said) = await RunAsync(program, help);

        said.ShouldContain(option);
    }

    private static string Text(IReadOnlyList<Setting> settings, string where) => settings.Single(setting => setting.Where == where).Text;

    private async Task AcceptsAsync(string program, string arguments, string configuration)
    {
        string path = Path.Combine(_folder.FullName, "configuration");
        await File.WriteAllTextAsync(path, configuration);

        (int exitCode, string said) = await RunAsync(program, arguments.Replace("{0}", path, StringComparison.Ordinal));

        exitCode.ShouldBe(0, $"{configuration}\n{said}");
    }

    private static async Task<(int ExitCode, string Said)> RunAsync(string program, string arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await error);
    }
}
