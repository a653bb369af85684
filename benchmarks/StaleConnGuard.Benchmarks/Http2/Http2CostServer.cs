using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>Kestrel over HTTP/2, in the clear and over TLS, in a process of its own: this program again, with a hidden command. It ends when its standard input does.</summary>
internal sealed class Http2CostServer : IDisposable
{
    public const string Command = "http2-server";

    private readonly Process _process;

    private Http2CostServer(Process process, Uri plain, Uri secure)
    {
        _process = process;
        Plain = plain;
        Secure = secure;
    }

    public Uri Plain { get; }

    public Uri Secure { get; }

    /// <summary>How this program is started again.</summary>
    public static string[] Program { get; } = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
        ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]]
        : [Environment.ProcessPath!];

    /// <summary>The hidden command: serves until standard input ends.</summary>
    public static async Task<int> RunAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, static listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(SelfSignedCertificate.Create(IPAddress.Loopback));
            });
        });
        WebApplication app = builder.Build();
        byte[] answer = new byte[100];
        app.Run(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer);
        });
        await app.StartAsync();
        await Console.Out.WriteLineAsync(string.Join(' ', app.Urls.Order()));
        await Console.In.ReadToEndAsync();
        await app.DisposeAsync();
        return 0;
    }

    public static async Task<Http2CostServer> StartAsync()
    {
        Process process = Process.Start(new ProcessStartInfo(Program[0], [.. Program[1..], Command]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        string[] addresses = (await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server did not start.")).Split(' ');
        return new Http2CostServer(process, new Uri(addresses[0]), new Uri(addresses[1]));
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
