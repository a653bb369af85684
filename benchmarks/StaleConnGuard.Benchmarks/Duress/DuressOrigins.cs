using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Measuring;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>duress-origins plain|guarded N</c>: a server that redirects a client to N origins, each of them once. Says what the client holds then.</summary>
internal static class DuressOrigins
{
    public const string Command = "duress-origins";

    // SocketsHttpHandler.MaxAutomaticRedirections.
    private const int Hops = 50;

    public static async Task<(string Table, bool IsCapped)> RunAsync(int origins)
    {
        var table = new MarkdownTable(" client", "origins", "answered", "held for each, bytes", "held in all, MB", "known to the ledger", "took, s");
        int known = 0;
        foreach (string client in new[] { "plain", "guarded" })
        {
            using Process child = Child.Start([], ("DOTNET_GCHeapHardLimit", "0x8000000"), [Command, client, origins.ToString(CultureInfo.InvariantCulture)]);
            string[] said = (await child.StandardOutput.ReadToEndAsync()).Trim().Split(' ');
            await child.WaitForExitAsync();
            table.Add(client, origins.ToString("N0", CultureInfo.InvariantCulture), said[0], said[1], said[2], client == "plain" ? "–" : said[3], said[4]);
            known = Math.Max(known, int.Parse(said[3], CultureInfo.InvariantCulture));
        }

        return (table.ToString(), known is > 0 and <= 1024);
    }

    public static async Task<int> RunChildAsync(string[] args)
    {
        int origins = int.Parse(args[1], CultureInfo.InvariantCulture);
        await using WebApplication server = await StartAsync();
        int port = new Uri(server.Urls.Single().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        using var sockets = new SocketsHttpHandler();
        using var client = new HttpClient(args[0] == "guarded" ? StaleConnGuardHandler.Create(handler: sockets) : sockets);
        await GetAsync(client, port, 0);
        long before = Held();
        var watch = Stopwatch.StartNew();
        int answered = 0;
        for (int first = 1; first < origins; first += Hops)
        {
            answered += await GetAsync(client, port, first);
        }

        double seconds = watch.Elapsed.TotalSeconds;
        long held = Held() - before;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{answered} {held / origins} {held / 1e6:0.0} {KeepAliveLedger.Shared.Snapshot().Count} {seconds:0.0}"));
        return 0;
    }

    private static async Task<int> GetAsync(HttpClient client, int port, int first)
    {
        using HttpResponseMessage response = await client.GetAsync(AddressOf(port, first, Hops));
        return response.StatusCode == HttpStatusCode.OK ? 1 : 0;
    }

    private static Uri AddressOf(int port, int origin, int left) =>
        new(string.Create(CultureInfo.InvariantCulture, $"http://127.{1 + (origin >> 16)}.{(origin >> 8) & 255}.{origin & 255}:{port}/{origin}/{left}"));

    private static async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Any, 0));
        WebApplication app = builder.Build();
        app.MapGet("/{origin:int}/{left:int}", static (HttpContext context, int origin, int left) =>
        {
            // Else ten thousand connections would be open on both sides.
            context.Response.Headers.Connection = "close";
            context.Response.Headers["Keep-Alive"] = "timeout=5";
            if (left > 1)
            {
                context.Response.Redirect(AddressOf(context.Connection.LocalPort, origin + 1, left - 1).ToString());
            }
        });
        await app.StartAsync();
        return app;
    }

    private static long Held()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
