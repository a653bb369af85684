namespace StaleConnGuard.Tests.Cli;

public class RaceArgumentsTests
{
    [Theory]
    [InlineData("race --delay 5", "--delay", "'5'", "1ms to 1s")]
    [InlineData("race --delay 2s", "--delay", "'2s'", "1ms to 1s")]
    [InlineData("race --delay", "--delay", "missing", "1ms to 1s")]
    [InlineData("race --delay 300ms", "--delay", "'300ms'", "250ms")]
    [InlineData("race --idle 400ms --delay 150ms", "--delay", "'150ms'", "100ms")]
    [InlineData("race --idle 1ms", "--idle", "'1ms'", "200ms to 60m")]
    [InlineData("race --workers 0", "--workers", "'0'", "1 to 256")]
    [InlineData("race --workers many", "--workers", "'many'", "1 to 256")]
    [InlineData("race --workers 1 --workers 2", "--workers", "2", "1 to 256")]
    [InlineData("race --requests 99999999999", "--requests", "'99999999999'", "1 to 1000000")]
    [InlineData("race --seed -1", "--seed", "'-1'", "0 to 2147483647")]
    [InlineData("race --dying 101", "--dying", "'101'", "0 to 100")]
    [InlineData("race --server ftp://localhost", "--server", "'ftp://localhost'", "http://")]
    [InlineData("race --server localhost", "--server", "'localhost'", "http://")]
    [InlineData("race --server http://localhost --delay 5ms", "--delay", "--server", "embedded server only")]
    [InlineData("race --through localhost", "--through", "'localhost'", "http://")]
    [InlineData("race --through https://localhost", "--through", "'https://localhost/'", "http://")]
    [InlineData("race --through http://localhost --upstream-port 0", "--upstream-port", "'0'", "1 to 65535")]
    [InlineData("race --upstream-port 9000", "--upstream-port", "--through", "of a proxy only")]
    [InlineData("race --through http://localhost --server http://localhost", "--through", "--server", "embedded server only")]
    [InlineData("race --through http://localhost --upstream-port 9000 --capture file", "--capture", "--upstream-port", "real packets only")]
    [InlineData("race --bogus", "race", "'--bogus'", "--delay")]
    [InlineData("race stray", "race", "'stray'", "--delay")]
    [InlineData("walk", "staleconn", "'walk'", "race")]
    [InlineData("", "command", "Required", "race")]
    public Task Run_BadArguments_ExitsWith2AndOneLineThatNamesOptionValueAndRange(string line, string option, string value, string accepted) =>
        CommandLineRun.ShouldRefuseAsync(line, option, value, accepted);

    [Fact]
    public Task Run_Help_NamesEveryOptionAndExitsWith0() =>
        CommandLineRun.ShouldExplainAsync("race", ["--server", "--through", "--upstream-port", "--idle", "--delay", "--relay", "--dying", "--workers", "--requests", "--seed", "--json"]);
}
