using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using StaleConnGuard.Cli;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Cli;

public sealed class LedgerCommandTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    /// <summary>What is printed is what the library reads: the page, as the package serves it, through the command, into options.</summary>
    [Fact]
    public async Task Page_AsItIsServed_BecomesOptions()
    {
        var ledger = new KeepAliveLedger();
        ledger.GetOrAdd(new OriginKey("http", "warehouse", 8080, null)).StaleHit(TimeSpan.FromSeconds(5.004));
        ledger.GetOrAdd(new OriginKey("https", "api.example.com", 443, null)).StaleHit(TimeSpan.FromSeconds(65.3));
        ledger.GetOrAdd(new OriginKey("https", "api.example.com", 443, "http://proxy:3128")).StaleHit(TimeSpan.FromSeconds(60.02));
        ledger.GetOrAdd(new OriginKey("http", "node", 3000, null)).Advertised(TimeSpan.FromSeconds(5));
        ledger.GetOrAdd(new OriginKey("http", "quiet", 80, null));
        using var server = new HttpListener();
        string address = $"http://127.0.0.1:{FreePort()}/";
        server.Prefixes.Add(address);
        server.Start();
        Task serving = ServeAsync(server, System.Text.Json.JsonSerializer.Serialize(LedgerPage.Of(ledger), LedgerJson.Default.LedgerPage));

        (int exitCode, string output, string error) = await RunAsync("ledger", address + "staleconnguard", "--header", "X-Key: 1");

        await serving;
        exitCode.ShouldBe(0);
        error.ShouldBe("2 of 4 origins have a learned timeout; 1 tell theirs; 0 cannot be configured.\n");
        StaleConnGuardOptions options = Options(output);
        options.KeepAlive.Origins.ToDictionary(origin => origin.Key, origin => origin.Value.ServerTimeout).ShouldBe(
            new Dictionary<string, TimeSpan?> { ["http://warehouse:8080"] = TimeSpan.FromSeconds(5), ["https://api.example.com"] = TimeSpan.FromSeconds(60) }, ignoreOrder: true);
    }

    [Fact]
    public async Task File_OfTheLedger_BecomesOptions()
    {
        await File.WriteAllBytesAsync(
            _file,
            LedgerFileFormat.Write([new RememberedTimeout(new OriginKey("http", "warehouse", 8080, null), TimeSpan.FromSeconds(5).Ticks, TimeProvider.System.GetUtcNow())]),
            TestContext.Current.CancellationToken);

        (int exitCode, string output, _) = await RunAsync("ledger", _file);

        exitCode.ShouldBe(0);
        Options(output).KeepAlive.Origins["http://warehouse:8080"].ServerTimeout.ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("""{"origins":[{"origin":"x"}]}""")]
    [InlineData("""{"origins":5}""")]
    public async Task File_ThatIsNone_IsOneLine(string content)
    {
        await File.WriteAllTextAsync(_file, content, TestContext.Current.CancellationToken);
        await ShouldFailAsync(_file, "not the page of MapStaleConnGuard");
    }

    [Theory]
    [InlineData("/nowhere/at/all.json", "/nowhere/at/all.json")]
    [InlineData("ftp://host/file", "an absolute http:// or https:// address")]
    [InlineData("http://user:secret@127.0.0.1:1/", "***@127.0.0.1:1")]
    public async Task Source_ThatCannotBeRead_IsOneLine(string source, string says)
    {
        string error = await ShouldFailAsync(source, says);
        error.ShouldNotContain("secret");
    }

    [Fact]
    public async Task Help_NamesTheOptions() => await CommandLineRun.ShouldExplainAsync("ledger", ["--header", "--insecure"]);

    private static async Task<string> ShouldFailAsync(string source, string says)
    {
        (int exitCode, string output, string error) = await RunAsync("ledger", source);
        exitCode.ShouldBe(2);
        output.ShouldBeEmpty();
        error.TrimEnd('\n').ShouldNotContain("\n");
        error.ShouldContain(says);
        return error;
    }

    private static StaleConnGuardOptions Options(string json)
    {
        IConfiguration configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build();
        var options = new StaleConnGuardOptions();
        StaleConnGuardConfiguration.Apply(configuration.GetSection("StaleConnGuard"), clientName: null, options);
        StaleConnGuardOptionsRules.Check(options).ShouldBeEmpty();
        return options;
    }

    private static async Task ServeAsync(HttpListener server, string page)
    {
        HttpListenerContext context = await server.GetContextAsync();
        context.Request.Headers["X-Key"].ShouldBe("1");
        context.Request.Url!.AbsolutePath.ShouldBe("/staleconnguard");
        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(page));
        context.Response.Close();
    }

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int exitCode = await CommandLine.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
