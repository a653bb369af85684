using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// Kestrel at the far end of a link with 10 ms round trip, on a path that forgets flows on command, each by its own port as a NAT gateway does: new
/// connections pass. Needs root and iptables. Counts executions by <c>X-Request-Id</c>.
/// </summary>
public sealed class SilentPath : IAsyncDisposable
{
    private readonly DelayedLink _link;
    private readonly ConcurrentDictionary<string, int> _executions = new(StringComparer.Ordinal);
    private readonly ConcurrentStack<string[]> _rules = new();
    private KestrelUnderTest? _server;

    private SilentPath(DelayedLink link) => _link = link;

    /// <summary>Gets where the server listens.</summary>
    public Uri Uri { get; private set; } = null!;

    /// <summary>Gets how often each request was executed.</summary>
    public IReadOnlyDictionary<string, int> Executions => _executions;

    /// <summary>Says whether this machine and user can have such a path, and if not, why.</summary>
    public static bool IsAvailable(out string reason)
    {
        if (!DelayedLink.IsAvailable(out reason))
        {
            return false;
        }

        reason = File.Exists("/usr/sbin/iptables") || File.Exists("/sbin/iptables") ? string.Empty : "iptables is not installed";
        return reason.Length == 0;
    }

    /// <summary>For a test that is skipped where there can be none.</summary>
    public static Task<SilentPath> CreateOrSkipAsync(HttpProtocols protocols = HttpProtocols.Http1, bool tls = false)
    {
        Requirement.MetOrSkip(IsAvailable(out string reason), reason);
        return CreateAsync(protocols, tls);
    }

    public static async Task<SilentPath> CreateAsync(HttpProtocols protocols = HttpProtocols.Http1, bool tls = false)
    {
        var path = new SilentPath(DelayedLink.Create(TimeSpan.FromMilliseconds(5)));
        try
        {
            using X509Certificate2 certificate = SelfSignedCertificate.Create(path._link.ServerAddress);
            path._server = await KestrelUnderTest.StartAsync(
                builder => builder.Services.Configure<KestrelServerOptions>(static kestrel =>
                {
                    kestrel.Limits.MaxRequestBodySize = null;
                    kestrel.Limits.MinRequestBodyDataRate = null;
                }),
                path.Map,
                protocols,
                path._link,
                tls ? X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null) : null);
            path.Uri = path._server.Uri;
            return path;
        }
        catch
        {
            await path.DisposeAsync();
            throw;
        }
    }

    /// <summary>Forgets the flows from these ports. Returns when that is in force.</summary>
    public async Task ForgetAsync(SilenceKind kind, IEnumerable<int> ports)
    {
        foreach (int port in ports)
        {
            string flow = port.ToString(CultureInfo.InvariantCulture);
            if (kind is SilenceKind.AllButAcks)
            {
                // 20 bytes of IP, 32 of TCP with timestamps.
                await AddRuleAsync("INPUT", "-p", "tcp", "--sport", flow, "--tcp-flags", "ALL", "ACK", "-m", "length", "--length", "0:52", "-j", "ACCEPT");
            }

            if (kind is SilenceKind.BothWays or SilenceKind.ToServer or SilenceKind.AllButAcks)
            {
                await AddRuleAsync("INPUT", "-p", "tcp", "--sport", flow, "-j", "DROP");
            }

            if (kind is SilenceKind.BothWays or SilenceKind.ToClient)
            {
                await AddRuleAsync("OUTPUT", "-p", "tcp", "--dport", flow, "-j", "DROP");
            }

            if (kind is SilenceKind.Reset)
            {
                await AddRuleAsync("INPUT", "-p", "tcp", "--sport", flow, "-j", "REJECT", "--reject-with", "tcp-reset");
            }
        }
    }

    /// <summary>Drops everything, new connections too.</summary>
    public void DropAll(bool drop) => _link.DropToServer = _link.DropToClient = drop;

    /// <summary>Remembers all flows again.</summary>
    public async Task RestoreAsync()
    {
        while (_rules.TryPop(out string[]? rule))
        {
            await RunIptablesAsync(["-D", .. rule]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _link.Dispose();
    }

    private void Map(WebApplication app)
    {
        app.Use(async (context, next) =>
        {
            if (context.Request.Headers["X-Request-Id"] is [string id])
            {
                _executions.AddOrUpdate(id, 1, static (_, n) => n + 1);
            }

            await next(context);
        });
        app.MapGet("/port", static async (HttpContext context, int ms = 0) =>
        {
            await Task.Delay(ms, context.RequestAborted);
            return context.Connection.RemotePort.ToString(CultureInfo.InvariantCulture);
        });
        app.MapMethods("/", ["GET", "POST", "PUT"], static () => "done");

        // Answers late, or reads late: the kernel acknowledges all the while.
        app.MapMethods("/late", ["GET", "POST"], static async (HttpContext context, int ms) =>
        {
            await Task.Delay(ms, context.RequestAborted);
            byte[] buffer = new byte[65536];
            long read = 0;
            for (int n; (n = await context.Request.Body.ReadAsync(buffer)) > 0;)
            {
                read += n;
            }

            return read.ToString(CultureInfo.InvariantCulture);
        });
    }

    private async Task AddRuleAsync(params string[] rule)
    {
        await RunIptablesAsync(["-A", .. rule]);
        _rules.Push(rule);
    }

    private async Task RunIptablesAsync(string[] arguments)
    {
        using Process iptables = _link.StartInServerNamespace(new ProcessStartInfo("iptables", ["-w", .. arguments]) { RedirectStandardError = true, UseShellExecute = false });
        string said = await iptables.StandardError.ReadToEndAsync();
        await iptables.WaitForExitAsync();
        if (iptables.ExitCode != 0)
        {
            throw new InvalidOperationException($"iptables {string.Join(' ', arguments)}: {said}");
        }
    }
}
