using Microsoft.Extensions.Options;

namespace StaleConnGuard.Tests;

public class StaleConnGuardOptionsRulesTests
{
    [Fact]
    public void Check_Defaults_Pass() => StaleConnGuardOptionsRules.Check(new StaleConnGuardOptions()).ShouldBeEmpty();

    public static TheoryData<Action<StaleConnGuardOptions>, string> Wrong => new()
    {
        { o => o.KeepAlive.ServerTimeout = TimeSpan.FromMilliseconds(99), "KeepAlive:ServerTimeout is '00:00:00.0990000'; accepted is a time between 00:00:00.1000000 and 1.00:00:00" },
        { o => o.KeepAlive.ServerTimeout = TimeSpan.FromDays(2), "KeepAlive:ServerTimeout is '2.00:00:00'; accepted is a time between 00:00:00.1000000 and 1.00:00:00" },
        { o => o.KeepAlive.Margin = TimeSpan.FromSeconds(-1), "KeepAlive:Margin is '-00:00:01'; accepted is a time between 00:00:00 and 01:00:00" },
        { o => o.KeepAlive.NonIdempotentMaxIdle = TimeSpan.FromSeconds(-1), "KeepAlive:NonIdempotentMaxIdle is '-00:00:01'; accepted is a time between 00:00:00 and 1.00:00:00, or Infinite (-00:00:00.0010000)" },
        { o => o.KeepAlive.Origins["api.example.com"] = new(), "KeepAlive:Origins:api.example.com is not an origin such as https://api.example.com or http://10.0.0.7:8080, without user, path or query" },
        { o => o.KeepAlive.Origins["https://a/path"] = new(), "KeepAlive:Origins:https://a/path is not an origin such as https://api.example.com or http://10.0.0.7:8080, without user, path or query" },
        { o => o.KeepAlive.Origins["https://a"] = new() { Margin = TimeSpan.FromHours(2) }, "KeepAlive:Origins:https://a:Margin is '02:00:00'; accepted is a time between 00:00:00 and 01:00:00" },
        { o => { o.KeepAlive.Origins["https://a"] = new(); o.KeepAlive.Origins["https://a:443"] = new(); }, "KeepAlive:Origins:https://a:443 is the same origin as https://a" },
        { o => o.Replay.MaxReplays = 11, "Replay:MaxReplays is '11'; accepted is a whole number between 0 and 10" },
        { o => o.Replay.BufferOneShotUpTo = 0, "Replay:BufferOneShotUpTo is '0'; accepted is a whole number between 1 and 104857600" },
        { o => o.Replay.NonIdempotentReplay = (NonIdempotentReplay)7, "Replay:NonIdempotentReplay is '7'; accepted is one of WhenProven, Always, Never" },
        { o => o.Transport.ConnectTimeout = TimeSpan.Zero, "Transport:ConnectTimeout is '00:00:00'; accepted is a time between 00:00:00.0100000 and 01:00:00, or Infinite (-00:00:00.0010000)" },
        { o => o.Transport.PooledConnectionLifetime = TimeSpan.Zero, "Transport:PooledConnectionLifetime is '00:00:00'; accepted is a time between 00:00:01 and 1.00:00:00, or Infinite (-00:00:00.0010000)" },
        { o => o.Transport.UnacknowledgedDataTimeout = TimeSpan.FromMilliseconds(499), "Transport:UnacknowledgedDataTimeout is '00:00:00.4990000'; accepted is a time between 00:00:00.5000000 and 01:00:00, or Infinite (-00:00:00.0010000)" },
        { o => o.Transport.PooledConnectionLifetimeJitter = 0.6, "Transport:PooledConnectionLifetimeJitter is '0.6'; accepted is a number between 0 and 0.5" },
        { o => o.Transport.KeepAlivePingDelay = TimeSpan.Zero, "Transport:KeepAlivePingDelay is '00:00:00'; accepted is a time between 00:00:01 and 1.00:00:00, or Infinite (-00:00:00.0010000)" },
        { o => o.Transport.KeepAlivePingTimeout = TimeSpan.Zero, "Transport:KeepAlivePingTimeout is '00:00:00'; accepted is a time between 00:00:01 and 1.00:00:00, or Infinite (-00:00:00.0010000)" },
        { o => o.Transport.KeepAlivePingPolicy = (HttpKeepAlivePingPolicy)7, "Transport:KeepAlivePingPolicy is '7'; accepted is one of WithActiveRequests, Always" },
        { o => o.Transport.TcpKeepAlive.Time = TimeSpan.Zero, "Transport:TcpKeepAlive:Time is '00:00:00'; accepted is a time between 00:00:01 and 02:00:00" },
        { o => o.Transport.TcpKeepAlive.Interval = TimeSpan.Zero, "Transport:TcpKeepAlive:Interval is '00:00:00'; accepted is a time between 00:00:01 and 00:10:00" },
        { o => o.Transport.TcpKeepAlive.Probes = 0, "Transport:TcpKeepAlive:Probes is '0'; accepted is a whole number between 1 and 100" },
        { o => o.Transport.PooledConnectionIdleTimeout = TimeSpan.FromDays(2), "Transport:PooledConnectionIdleTimeout is '2.00:00:00'; accepted is a time between 00:00:00 and 1.00:00:00, or Infinite (-00:00:00.0010000)" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Check_OneThingWrong_NamesKeyValueAndRange(Action<StaleConnGuardOptions> change, string expected)
    {
        var options = new StaleConnGuardOptions();
        change(options);
        StaleConnGuardOptionsRules.Check(options).ShouldHaveSingleItem().ShouldBe(expected);
    }

    [Fact]
    public void Check_InfiniteWhereAllowed_Passes()
    {
        var options = new StaleConnGuardOptions();
        options.KeepAlive.NonIdempotentMaxIdle = Timeout.InfiniteTimeSpan;
        options.Transport.ConnectTimeout = Timeout.InfiniteTimeSpan;
        options.Transport.UnacknowledgedDataTimeout = Timeout.InfiniteTimeSpan;
        options.Transport.KeepAlivePingDelay = Timeout.InfiniteTimeSpan;
        options.Transport.KeepAlivePingTimeout = Timeout.InfiniteTimeSpan;
        options.Transport.PooledConnectionLifetime = Timeout.InfiniteTimeSpan;
        options.Transport.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
        StaleConnGuardOptionsRules.Check(options).ShouldBeEmpty();
    }

    [Fact]
    public void Check_PartIsNull_SaysSo()
    {
        var options = new StaleConnGuardOptions { KeepAlive = null! };
        StaleConnGuardOptionsRules.Check(options).ShouldHaveSingleItem().ShouldContain("null");
    }

    [Fact]
    public void Validator_NamedClient_NamesIt()
    {
        var options = new StaleConnGuardOptions();
        options.Replay.MaxReplays = -1;
        ValidateOptionsResult result = new StaleConnGuardOptionsValidator().Validate("orders", options);
        result.FailureMessage.ShouldBe("Client 'orders': Replay:MaxReplays is '-1'; accepted is a whole number between 0 and 10");
        new StaleConnGuardOptionsValidator().Validate("orders", new StaleConnGuardOptions()).Succeeded.ShouldBeTrue();
    }

    [Theory]
    [InlineData("ledger.json")]
    [InlineData("")]
    [InlineData("/tmp/")]
    [InlineData("/tmp")]
    public void LedgerFile_ThatIsNoAbsolutePathOfAFile_IsAnError(string path)
    {
        var options = new StaleConnGuardOptions();
        options.KeepAlive.LedgerFile = path;
        StaleConnGuardOptionsRules.Check(options).ShouldHaveSingleItem().ShouldStartWith("KeepAlive:LedgerFile is '");
    }
}
