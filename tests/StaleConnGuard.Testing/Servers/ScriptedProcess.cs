using System.Collections.ObjectModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>A real server that runs as a process of its own, by its start script, in a temporary folder of its own.</summary>
internal sealed class ScriptedProcess : RealServer
{
    private const string Log = "requests.log";
    private const string ErrorLog = "error.log";
    private const string SharedMemory = "/dev/shm";

    // What the scripts start. The install script puts it there.
    private static readonly Dictionary<string, string> s_programs = new(StringComparer.Ordinal)
    {
        ["apache"] = "/usr/sbin/apache2",
        ["apache-h2c"] = "/usr/sbin/apache2",
        ["apache-digest"] = "/usr/sbin/apache2",
        ["apache-proxy"] = "/usr/sbin/apache2",
        ["apache-proxy-tls"] = "/usr/sbin/apache2",
        ["caddy"] = "/usr/bin/caddy",
        ["caddy-h2c"] = "/usr/bin/caddy",
        ["caddy-tls"] = "/usr/bin/caddy",
        ["go"] = Repository.PathOf("tests/servers/built/go-server"),
        ["gunicorn"] = "/usr/bin/gunicorn",
        ["h2o"] = "/usr/bin/h2o",
        ["haproxy"] = "/usr/sbin/haproxy",
        ["haproxy-h2c"] = "/usr/sbin/haproxy",
        ["layer4"] = "/usr/sbin/haproxy",
        ["nghttpx"] = "/usr/sbin/nghttpx",
        ["haproxy-proxy"] = "/usr/sbin/haproxy",
        ["jetty"] = "/usr/share/jetty9/start.jar",
        ["lighttpd"] = "/usr/sbin/lighttpd",
        ["nginx"] = "/usr/sbin/nginx",
        ["nginx-h2c"] = "/usr/sbin/nginx",
        ["nginx-http"] = "/usr/sbin/nginx",
        ["nginx-pools"] = "/usr/sbin/nginx",
        ["nginx-proxy"] = "/usr/sbin/nginx",
        ["nginx-tls"] = "/usr/sbin/nginx",
        ["node"] = "/usr/bin/node",
        ["python"] = "/usr/bin/python3",
        ["puma"] = "/usr/bin/puma",
        ["squid"] = "/usr/sbin/squid",
        ["tinyproxy"] = "/usr/bin/tinyproxy",
        ["tomcat"] = "/usr/share/tomcat10/bin/catalina.sh",
        ["uvicorn"] = "/usr/bin/uvicorn",
        ["uwsgi"] = "/usr/bin/uwsgi-core",
        ["varnish"] = "/usr/sbin/varnishd",
    };

    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private ScriptedProcess(string name, Process process, DirectoryInfo folder, Uri address)
        : base(name, address) => (_process, _folder) = (process, folder);

    // What a proxy forwards is executed behind it.
    public override bool CountsExecutions => Name is not ("varnish" or "haproxy-proxy" or "nginx-pools" or "nginx-proxy" or "layer4" or "nghttpx");

    public static bool IsInstalled(string name, out string reason)
    {
        reason = File.Exists(s_programs[name]) ? string.Empty : $"{name} is not installed (tests/servers/install)";
        return reason.Length == 0;
    }

    public static ScriptedProcess Start(string name, TimeSpan idleTimeout, DelayedLink? link, int port, Uri? upstream, IReadOnlyDictionary<string, string>? settings)
    {
        if (!IsInstalled(name, out string reason))
        {
            throw new InvalidOperationException(reason);
        }

        IPAddress address = link?.ServerAddress ?? IPAddress.Loopback;
        int taken = port != 0 ? port : link is null ? FreePort(address) : link.InServerNamespace(() => FreePort(address));
        DirectoryInfo folder = Directory.CreateTempSubdirectory($"staleconn-{name}-");
        string script = Repository.PathOf($"tests/servers/{name}");
        string[] arguments = [address.ToString(), taken.ToString(CultureInfo.InvariantCulture), ((int)idleTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture)];
        if (upstream is not null)
        {
            arguments = [.. arguments, upstream.Authority];
        }

        // On a link's thread, which lives as long as the link, the kernel ends the server even if this process is killed.
        var start = link is null
            ? new ProcessStartInfo(script, arguments)
            : new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", script, .. arguments]);
        start.WorkingDirectory = folder.FullName;
        foreach ((string key, string value) in settings ?? ReadOnlyDictionary<string, string>.Empty)
        {
            start.Environment[key] = value;
        }

        Process process = link is null ? Process.Start(start)! : link.StartInServerNamespace(start);
        return new ScriptedProcess(name, process, folder, new UriBuilder(name.EndsWith("-tls", StringComparison.Ordinal) ? "https" : "http", address.ToString(), taken).Uri);
    }

    public override async Task<ExecutionLog> ReadExecutionsAsync()
    {
        string marker = $"marker-{Guid.NewGuid():N}";
        using (var client = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }))
        using (var request = new HttpRequestMessage(HttpMethod.Get, Address))
        {
            request.Version = Name.EndsWith("-h2c", StringComparison.Ordinal) ? HttpVersion.Version20 : HttpVersion.Version11;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            request.Headers.Add("X-Request-Id", marker);
            using HttpResponseMessage response = await client.SendAsync(request);
        }

        // A line is written after its response was sent, by lighttpd and others some seconds later: what stands before the marker is complete.
        string path = Path.Combine(_folder.FullName, Log);
        string[] lines = [];
        for (int attempt = 0; attempt < 300 && !lines.Any(line => line.Contains(marker, StringComparison.Ordinal)); attempt++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100));
            lines = File.Exists(path) ? await File.ReadAllLinesAsync(path) : [];
        }

        var log = new ExecutionLog();
        foreach (string line in lines)
        {
            _ = log.Add(RequestId(line), new Execution(0, 0));
        }

        return log.CountOf(marker) == 1 ? log : throw new InvalidOperationException($"{Name} has not logged its last request: {WhyEnded()}");
    }

    public override async Task ShutDownAsync()
    {
        string program = Name.Split('-')[0];
        if (program is not ("nginx" or "caddy"))
        {
            await base.ShutDownAsync();
        }

        await SignalAsync(program == "nginx" ? "-QUIT" : "-TERM");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await _process.WaitForExitAsync(patience.Token);
    }

    public override Task ReloadAsync() => Name.StartsWith("nginx-", StringComparison.Ordinal) ? SignalAsync("-HUP") : base.ReloadAsync();

    public override async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        RemoveSharedMemory();
        _folder.Delete(recursive: true);
    }

    /// <summary>Squid keeps shared memory under the name that its script makes of the folder's, and leaves it behind when it is killed.</summary>
    private void RemoveSharedMemory()
    {
        if (Name != "squid" || !Directory.Exists(SharedMemory))
        {
            return;
        }

        string service = string.Concat(_folder.Name.Where(char.IsAsciiLetterOrDigit));
        foreach (string left in Directory.EnumerateFiles(SharedMemory, $"{service}-*"))
        {
            File.Delete(left);
        }
    }

    private async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", [signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    protected override string? WhyEnded()
    {
        if (!_process.HasExited)
        {
            return null;
        }

        string log = Path.Combine(_folder.FullName, ErrorLog);
        return File.Exists(log) ? File.ReadAllText(log) : $"it ended with {_process.ExitCode}";
    }

    // Caddy logs what it likes to, the others the id alone.
    private static string RequestId(string line)
    {
        const string Header = "\"X-Request-Id\":[\"";
        int header = line.IndexOf(Header, StringComparison.OrdinalIgnoreCase);
        return header < 0 ? line.Trim('"') : line[(header + Header.Length)..].Split('"')[0];
    }

    private static int FreePort(IPAddress address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
