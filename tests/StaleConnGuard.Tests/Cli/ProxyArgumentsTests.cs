namespace StaleConnGuard.Tests.Cli;

public class ProxyArgumentsTests
{
    [Theory]
    [InlineData("proxy", "--upstream", "missing", "--config")]
    [InlineData("proxy --upstream", "--upstream", "missing", "http://")]
    [InlineData("proxy --upstream localhost:80", "--upstream", "'localhost:80'", "http://")]
    [InlineData("proxy --upstream ftp://localhost", "--upstream", "'ftp://localhost'", "http://")]
    [InlineData("proxy --upstream http://localhost/?a=b", "--upstream", "'http://localhost/?a=b'", "http://")]
    [InlineData("proxy --upstream http://localhost --upstream http://localhost/", "--upstream", "'http://localhost/'", "once")]
    [InlineData("proxy --upstream http://localhost --listen 8080", "--listen", "'8080'", "http://127.0.0.1:8080")]
    [InlineData("proxy --upstream http://localhost --listen http://localhost", "--listen", "'http://localhost'", "http://127.0.0.1:8080")]
    [InlineData("proxy --upstream http://localhost --listen http://localhost:99999", "--listen", "'http://localhost:99999'", "http://127.0.0.1:8080")]
    [InlineData("proxy --upstream http://localhost --listen http://localhost:80/path", "--listen", "'http://localhost:80/path'", "http://127.0.0.1:8080")]
    [InlineData("proxy --upstream http://localhost --listen https://localhost:443", "--listen", "'https://localhost:443'", "http://127.0.0.1:8080")]
    [InlineData("proxy --upstream http://localhost --metrics 9090", "--metrics", "'9090'", "http://127.0.0.1:8080")]
    [InlineData("proxy --upstream http://localhost --server-timeout 0s", "--server-timeout", "'0s'", "100ms to 120m")]
    [InlineData("proxy --upstream http://localhost --front-timeout 1s", "--front-timeout", "'1s'", "2s to 120m")]
    [InlineData("proxy --upstream http://localhost --drain -1s", "--drain", "'-1s'", "0ms to 120m")]
    [InlineData("proxy --upstream http://localhost --upstream-wait 2m", "--upstream-wait", "'2m'", "0ms to 60s")]
    [InlineData("proxy --config a.json --upstream http://localhost", "--upstream", "--config", "ReverseProxy:Clusters")]
    [InlineData("proxy --config a.json --server-timeout 5s", "--server-timeout", "--config", "StaleConnGuard:KeepAlive:ServerTimeout")]
    [InlineData("proxy --config /no/such/file.json", "--config", "'/no/such/file.json'", "no such file")]
    [InlineData("proxy --bogus --upstream http://localhost", "proxy", "'--bogus'", "--listen")]
    public Task Run_BadArguments_ExitsWith2AndOneLineThatNamesOptionValueAndRange(string line, string option, string value, string accepted) =>
        CommandLineRun.ShouldRefuseAsync(line, option, value, accepted);

    [Theory]
    [InlineData("{", "parse")]
    [InlineData("{}", "ReverseProxy:Routes")]
    [InlineData("""{"ReverseProxy":{"Routes":{"all":{"ClusterId":"a","Match":{}}},"Clusters":{"a":{}}}}""", "Route")]
    [InlineData("""{"ReverseProxy":{"Routes":{"all":{"ClusterId":"a","Match":{"Path":"/"}}},"Clusters":{"a":{"Metadata":{"StaleConnGuard.ServerTimeout":"soon"}}}}}""", "soon")]
    [InlineData("""{"ReverseProxy":{"Routes":{"all":{"ClusterId":"a","Match":{"Path":"/"}}},"Clusters":{"a":{}}},"StaleConnGuard":{"KeepAlive":{"Margn":"1"}}}""", "Margn")]
    public async Task Run_FileIsNotAccepted_ExitsWith2AndOneLineThatNamesTheFileAndWhatIsWrong(string json, string named)
    {
        string file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(file, json, TestContext.Current.CancellationToken);
        try
        {
            await CommandLineRun.ShouldRefuseAsync($"proxy --listen http://127.0.0.1:0 --config {file}", "--config", file, named);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public Task Run_Help_NamesEveryOptionAndExitsWith0() => CommandLineRun.ShouldExplainAsync(
        "proxy", ["--listen", "--upstream", "--server-timeout", "--front-timeout", "--drain", "--upstream-wait", "--metrics", "--config"]);
}
