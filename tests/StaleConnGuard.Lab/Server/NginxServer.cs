using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace StaleConnGuard.Lab;

/// <summary>A real nginx, with a configuration of its own in a temporary folder, that answers every request with 200 and three bytes.</summary>
public sealed class NginxServer : IAsyncDisposable
{
    private const string LogReader = "log-reader";

    private static readonly string[] s_folders = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"];

    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private NginxServer(Process process, DirectoryInfo folder, Uri address)
    {
        _process = process;
        _folder = folder;
        Address = address;
    }

    /// <summary>Gets where the server listens.</summary>
    public Uri Address { get; }

    /// <summary>Gets the id of the server's one process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Says whether nginx is installed, and if not, so.</summary>
    public static bool IsAvailable(out string reason)
    {
        reason = FindProgram("nginx") is null ? "nginx is not installed" : string.Empty;
        return reason.Length == 0;
    }

    /// <summary>Starts nginx at the far end of a link, or on loopback when there is none. Dispose it before the link.</summary>
    /// <param name="idleTimeout">Its <c>keepalive_timeout</c>.</param>
    /// <param name="link">The link, or null for loopback.</param>
    /// <param name="certificate">Makes it speak TLS; with its private key, exportable.</param>
    /// <param name="cancellationToken">Cancels the wait until it listens.</param>
    /// <exception cref="InvalidOperationException">nginx is missing, or did not start; the message holds what it said.</exception>
    public static async Task<NginxServer> StartAsync(
        TimeSpan idleTimeout, DelayedLink? link = null, X509Certificate2? certificate = null, CancellationToken cancellationToken = default)
    {
        string program = FindProgram("nginx") ?? throw new InvalidOperationException("nginx is not installed.");
        IPAddress address = link?.ServerAddress ?? IPAddress.Loopback;
        int port = link is null ? FreePort(address) : link.InServerNamespace(() => FreePort(address));
        DirectoryInfo folder = Directory.CreateTempSubdirectory("staleconn-nginx-");
        try
        {
            await WriteFilesAsync(folder.FullName, new IPEndPoint(address, port), idleTimeout, certificate, cancellationToken);
            string[] arguments = ["-p", folder.FullName, "-e", Path.Combine(folder.FullName, "error.log"), "-c", Path.Combine(folder.FullName, "nginx.conf")];
            Process process = link is null
                ? Process.Start(new ProcessStartInfo(program, arguments))!
                : link.StartInServerNamespace(EndingWithItsThread(program, arguments));
            var uri = new UriBuilder(certificate is null ? "http" : "https", address.ToString(), port).Uri;
            var server = new NginxServer(process, folder, uri);
            await server.WaitUntilListeningAsync(cancellationToken);
            return server;
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>How often each request was executed, by its <c>X-Request-Id</c>, as the access log says; complete for all that was answered before.</summary>
    public async Task<ExecutionLog> ReadExecutionsAsync(CancellationToken cancellationToken = default)
    {
        // A line is written after the response was sent. But with one event loop, who is answered now comes after all earlier lines.
        await AskAsync(LogReader, cancellationToken);
        var log = new ExecutionLog();
        await foreach (string line in File.ReadLinesAsync(Path.Combine(_folder.FullName, "requests.log"), cancellationToken))
        {
            if (line.Split(' ') is [var id, var connection, var request] && id != LogReader)
            {
                _ = log.Add(id, new Execution(int.Parse(connection, CultureInfo.InvariantCulture), int.Parse(request, CultureInfo.InvariantCulture)));
            }
        }

        return log;
    }

    /// <summary>Ends the process and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task AskAsync(string id, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler();
#pragma warning disable CA5359 // It is our own server that is asked, and nothing is told to it.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        using var client = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, Address);
        request.Headers.Add(RaceRequest.IdHeader, id);
        using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
    }

    private static string? FindProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? []).Concat(s_folders)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    private static int FreePort(IPAddress address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    // When setpriv is there, the kernel ends nginx with the thread that started it: the link's, which lives as long as the link. So it
    // goes even if this process is killed. (Not for loopback: a thread of the pool may end at any time.)
    private static ProcessStartInfo EndingWithItsThread(string program, string[] arguments) =>
        FindProgram("setpriv") is { } setpriv
            ? new ProcessStartInfo(setpriv, ["--pdeathsig", "KILL", program, .. arguments])
            : new ProcessStartInfo(program, arguments);

    // One process, no master: it is one event loop as any worker, and one process id is all there is to end.
    private static async Task WriteFilesAsync(
        string folder, IPEndPoint endPoint, TimeSpan idleTimeout, X509Certificate2? certificate, CancellationToken cancellationToken)
    {
        string secure = string.Empty;
        if (certificate is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "server.crt"), certificate.ExportCertificatePem(), cancellationToken);
            using var key = certificate.GetECDsaPrivateKey();
            await File.WriteAllTextAsync(Path.Combine(folder, "server.key"), key!.ExportPkcs8PrivateKeyPem(), cancellationToken);
            secure = " ssl; ssl_certificate server.crt; ssl_certificate_key server.key";
        }

        string configuration = string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            daemon off;
            master_process off;
            worker_processes 1;
            pid nginx.pid;
            error_log error.log;
            events { worker_connections 4096; }
            http {
                log_format executions '$http_x_request_id $connection $connection_requests';
                access_log requests.log executions;
                client_body_temp_path bodies;
                proxy_temp_path unused1;
                fastcgi_temp_path unused2;
                uwsgi_temp_path unused3;
                scgi_temp_path unused4;
                keepalive_timeout {{(long)idleTimeout.TotalMilliseconds}}ms;
                keepalive_requests 1000000;
                server {
                    listen {{endPoint}}{{secure}};
                    default_type text/plain;
                    location / { return 200 "ok\n"; }
                }
            }
            """);
        await File.WriteAllTextAsync(Path.Combine(folder, "nginx.conf"), configuration, cancellationToken);
    }

    private async Task WaitUntilListeningAsync(CancellationToken cancellationToken)
    {
        long giveUpAt = AlarmClock.After(Stopwatch.GetTimestamp(), TimeSpan.FromSeconds(10));
        while (Stopwatch.GetTimestamp() < giveUpAt && !_process.HasExited)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(Address.Host, Address.Port, cancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
            }
        }

        string said = await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "error.log"), cancellationToken);
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        throw new InvalidOperationException($"nginx did not start: {said}");
    }
}
