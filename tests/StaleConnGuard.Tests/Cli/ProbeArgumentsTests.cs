namespace StaleConnGuard.Tests.Cli;

public class ProbeArgumentsTests
{
    [Theory]
    [InlineData("probe", "probe", "Required", "http://")]
    [InlineData("probe localhost", "URL", "'localhost'", "http://")]
    [InlineData("probe ftp://localhost", "URL", "'ftp://localhost'", "http://")]
    [InlineData("probe ftp://user:secret@localhost", "URL", "'ftp://***@localhost'", "http://")]
    [InlineData("probe http://localhost http://user:secret@other", "probe", "'http://***@other'", "--max-idle")]
    [InlineData("probe http://localhost http://other", "probe", "'http://other'", "--max-idle")]
    [InlineData("probe http://localhost --connections 1", "--connections", "'1'", "2 to 200")]
    [InlineData("probe http://localhost --max-idle 3h", "--max-idle", "'3h'", "100ms to 120m")]
    [InlineData("probe http://localhost --method CONNECT", "--method", "'CONNECT'", "HEAD")]
    [InlineData("probe http://localhost --method G(T", "--method", "'G(T'", "HEAD")]
    [InlineData("probe http://localhost --header none", "--header", "'none'", "Name: value")]
    [InlineData("probe http://localhost --header A:1 --header connection:close", "--header", "'connection:close'", "none of Connection")]
    [InlineData("probe http://localhost --header A:\u0001", "--header", "A:", "Name: value")]
    [InlineData("probe http://localhost --bogus", "probe", "'--bogus'", "--max-idle")]
    public Task Run_BadArguments_ExitsWith2AndOneLineThatNamesOptionValueAndRange(string line, string option, string value, string accepted) =>
        CommandLineRun.ShouldRefuseAsync(line, option, value, accepted);

    [Fact]
    public Task Run_Help_NamesEveryOptionAndExitsWith0() =>
        CommandLineRun.ShouldExplainAsync("probe", ["<URL>", "--connections", "--max-idle", "--method", "--header", "--insecure", "--json"]);
}
