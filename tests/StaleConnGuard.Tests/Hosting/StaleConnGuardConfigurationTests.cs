using System.Net;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Tests;

public class StaleConnGuardConfigurationTests
{
    [Fact]
    public void Apply_EveryKey_IsRead()
    {
        StaleConnGuardOptions options = Read("""
            { "StaleConnGuard": {
              "KeepAlive": { "ServerTimeout": "00:01:30", "Margin": "00:00:02", "NonIdempotentMaxIdle": "Infinite", "Learn": false, "MeasureMargin": false, "SolicitHint": "False" },
              "Replay": { "MaxReplays": 5, "NonIdempotentReplay": "never", "BufferOneShotUpTo": 65536, "ConfirmOneShotBody": false },
              "Retry": { "Enabled": false, "MaxRetries": 7, "BaseDelay": "00:00:00.1", "MaxDelay": "00:00:05", "Jitter": "Decorrelated", "StatusCodes": [ 503, 429 ],
                "HonorRetryAfter": false, "MaxRetryAfter": "00:01:00", "CallerTimeout": "00:01:40", "Budget": { "Ratio": 0.5, "MinRetriesPerSecond": 3 } },
              "Transport": { "ConnectTimeout": "00:00:03", "PooledConnectionLifetime": "Infinite", "PooledConnectionIdleTimeout": "00:00:20",
                "UnacknowledgedDataTimeout": "00:00:05", "EarlySuspicion": false, "PooledConnectionLifetimeJitter": 0.25,
                "KeepAlivePingDelay": "00:00:40", "KeepAlivePingTimeout": "00:00:15", "KeepAlivePingPolicy": "Always",
                "TcpKeepAlive": { "Enabled": false, "Time": "00:01:00", "Interval": "00:00:07", "Probes": 4 } } } }
            """);
        options.KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(90));
        options.KeepAlive.Margin.ShouldBe(TimeSpan.FromSeconds(2));
        options.KeepAlive.NonIdempotentMaxIdle.ShouldBe(Timeout.InfiniteTimeSpan);
        options.KeepAlive.Learn.ShouldBeFalse();
        options.KeepAlive.MeasureMargin.ShouldBeFalse();
        options.KeepAlive.SolicitHint.ShouldBeFalse();
        options.Replay.MaxReplays.ShouldBe(5);
        options.Replay.NonIdempotentReplay.ShouldBe(NonIdempotentReplay.Never);
        options.Replay.BufferOneShotUpTo.ShouldBe(65536);
        options.Replay.ConfirmOneShotBody.ShouldBeFalse();
        options.Retry.Enabled.ShouldBeFalse();
        options.Retry.MaxRetries.ShouldBe(7);
        options.Retry.BaseDelay.ShouldBe(TimeSpan.FromSeconds(0.1));
        options.Retry.MaxDelay.ShouldBe(TimeSpan.FromSeconds(5));
        options.Retry.Jitter.ShouldBe(RetryJitter.Decorrelated);
        options.Retry.StatusCodes.ShouldBe([HttpStatusCode.ServiceUnavailable, HttpStatusCode.TooManyRequests]);
        options.Retry.HonorRetryAfter.ShouldBeFalse();
        options.Retry.MaxRetryAfter.ShouldBe(TimeSpan.FromMinutes(1));
        options.Retry.CallerTimeout.ShouldBe(TimeSpan.FromSeconds(100));
        options.Retry.Budget.Ratio.ShouldBe(0.5);
        options.Retry.Budget.MinRetriesPerSecond.ShouldBe(3);
        options.Transport.ConnectTimeout.ShouldBe(TimeSpan.FromSeconds(3));
        options.Transport.PooledConnectionLifetime.ShouldBe(Timeout.InfiniteTimeSpan);
        options.Transport.PooledConnectionIdleTimeout.ShouldBe(TimeSpan.FromSeconds(20));
        options.Transport.UnacknowledgedDataTimeout.ShouldBe(TimeSpan.FromSeconds(5));
        options.Transport.EarlySuspicion.ShouldBeFalse();
        options.Transport.PooledConnectionLifetimeJitter.ShouldBe(0.25);
        options.Transport.KeepAlivePingDelay.ShouldBe(TimeSpan.FromSeconds(40));
        options.Transport.KeepAlivePingTimeout.ShouldBe(TimeSpan.FromSeconds(15));
        options.Transport.KeepAlivePingPolicy.ShouldBe(HttpKeepAlivePingPolicy.Always);
        options.Transport.TcpKeepAlive.Enabled.ShouldBeFalse();
        options.Transport.TcpKeepAlive.Time.ShouldBe(TimeSpan.FromMinutes(1));
        options.Transport.TcpKeepAlive.Interval.ShouldBe(TimeSpan.FromSeconds(7));
        options.Transport.TcpKeepAlive.Probes.ShouldBe(4);
    }

    [Fact]
    public void Apply_EveryPropertyOfTheOptions_HasAKey()
    {
        // Nothing but the reader knows which keys there are; a property added later must not be forgotten there.
        var options = new StaleConnGuardOptions();
        foreach (object part in new object[] { options.KeepAlive, options.Replay, options.Retry, options.Transport })
        {
            string name = part.GetType().Name[..^"Options".Length];
            var failure = Should.Throw<OptionsValidationException>(() => Read($$"""{ "StaleConnGuard": { "{{name}}": { "Zzzzzzzz": 1 } } }"""));
            string known = failure.Failures.ShouldHaveSingleItem();
            foreach (var property in part.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => !typeof(Delegate).IsAssignableFrom(p.PropertyType)))
            {
                known.ShouldContain(property.Name);
            }
        }
    }

    [Theory]
    [InlineData("AwsAlb", 60)]
    [InlineData("awsalb", 60)]
    [InlineData("Gunicorn", 2)]
    [InlineData("00:00:07.5", 7.5)]
    public void Apply_ServerTimeout_ByNameOrTime(string value, double seconds) =>
        Read($$"""{ "StaleConnGuard": { "KeepAlive": { "ServerTimeout": "{{value}}" } } }""")
            .KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(seconds));

    [Fact]
    public void Apply_Client_IsLaidOnTop()
    {
        const string Json = """
            { "StaleConnGuard": {
              "KeepAlive": { "ServerTimeout": "AwsAlb", "Margin": "00:00:03" },
              "Clients": {
                "orders": { "KeepAlive": { "ServerTimeout": "00:00:05" }, "Replay": { "MaxReplays": 1 } },
                "stock": { "KeepAlive": { "ServerTimeout": "" } } } } }
            """;
        Read(Json, "orders").KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(5));
        Read(Json, "Orders").KeepAlive.Margin.ShouldBe(TimeSpan.FromSeconds(3));
        Read(Json, "orders").Replay.MaxReplays.ShouldBe(1);
        Read(Json, "stock").KeepAlive.ServerTimeout.ShouldBeNull();
        Read(Json, "other").KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(60));
        Read(Json, "").Replay.MaxReplays.ShouldBe(3);
    }

    [Fact]
    public void Apply_Origins_WithAndWithoutPort()
    {
        StaleConnGuardOptions options = Read("""
            { "StaleConnGuard": { "KeepAlive": { "Origins": {
              "https://api.example.com": { "ServerTimeout": "00:00:05", "Learn": false, "MeasureMargin": false },
              "https://api.example.com:8443": { "ServerTimeout": "Nginx", "Margin": "00:00:04" },
              "http://[::1]:5000": { "NonIdempotentMaxIdle": "00:00:01" } } },
              "Clients": { "orders": { "KeepAlive": { "Origins": { "https://api.example.com": { "ServerTimeout": "00:00:09" } } } } } } }
            """, "orders");
        options.KeepAlive.Origins.Keys.ShouldBe(["https://api.example.com", "https://api.example.com:8443", "http://[::1]:5000"], ignoreOrder: true);
        options.KeepAlive.Origins["https://api.example.com"].ServerTimeout.ShouldBe(TimeSpan.FromSeconds(9));
        options.KeepAlive.Origins["https://api.example.com"].Learn.ShouldBe(false);
        options.KeepAlive.Origins["https://api.example.com"].MeasureMargin.ShouldBe(false);
        options.KeepAlive.Origins["https://api.example.com:8443"].ServerTimeout.ShouldBe(TimeSpan.FromSeconds(65));
        options.KeepAlive.Origins["https://api.example.com:8443"].Margin.ShouldBe(TimeSpan.FromSeconds(4));
        options.KeepAlive.Origins["http://[::1]:5000"].NonIdempotentMaxIdle.ShouldBe(TimeSpan.FromSeconds(1));
        StaleConnGuardOptionsRules.Check(options).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{ "KeepAlive": { "ServerTimeout": "AwsAbl" } }""", "StaleConnGuard:KeepAlive:ServerTimeout is 'AwsAbl', which is no known server. Did you mean AwsAlb? Known are Nginx, ApacheHttpd, ")]
    [InlineData("""{ "KeepAlive": { "ServerTimeout": "60" } }""", "StaleConnGuard:KeepAlive:ServerTimeout is '60'; accepted is a time written as hours:minutes:seconds, between 00:00:00.1000000 and 1.00:00:00")]
    [InlineData("""{ "KeepAlive": { "ServerTimeout": "00:00:00.05" } }""", "StaleConnGuard:KeepAlive:ServerTimeout is '00:00:00.05'; accepted is a time between 00:00:00.1000000 and 1.00:00:00")]
    [InlineData("""{ "KeepAlive": { "Margin": "01:00:61" } }""", "StaleConnGuard:KeepAlive:Margin is '01:00:61'; accepted is a time written as")]
    [InlineData("""{ "KeepAlive": { "Margin": "" } }""", "StaleConnGuard:KeepAlive:Margin is ''; accepted is a time written as")]
    [InlineData("""{ "KeepAlive": { "Margn": "00:00:01" } }""", "StaleConnGuard:KeepAlive:Margn is not known. Did you mean Margin? Known here: ServerTimeout, Margin, NonIdempotentMaxIdle, Learn, MeasureMargin, SolicitHint, LedgerFile, Origins")]
    [InlineData("""{ "KeepAlive": { "Learn": "yes" } }""", "StaleConnGuard:KeepAlive:Learn is 'yes'; accepted is true or false")]
    [InlineData("""{ "KeepAlive": { "Margin": { "Seconds": 1 } } }""", "StaleConnGuard:KeepAlive:Margin is a section; a single value is expected")]
    [InlineData("""{ "KeepAlive": "on" }""", "StaleConnGuard:KeepAlive is 'on'; accepted is a section")]
    [InlineData("""{ "KeepAlive": { "Origins": { "api.example.com": { "ServerTimeout": "00:00:05" } } } }""", "StaleConnGuard:KeepAlive:Origins:api.example.com is not an origin such as")]
    [InlineData("""{ "KeepAlive": { "Origins": { "https://api.example.com:443": { "Timeout": "00:00:05" } } } }""", "StaleConnGuard:KeepAlive:Origins:https://api.example.com:443:Timeout is not known. Known here: ServerTimeout,")]
    [InlineData("""{ "Replay": { "MaxReplays": "many" } }""", "StaleConnGuard:Replay:MaxReplays is 'many'; accepted is a whole number between 0 and 10")]
    [InlineData("""{ "Replay": { "MaxReplays": 11 } }""", "StaleConnGuard:Replay:MaxReplays is '11'; accepted is a whole number between 0 and 10")]
    [InlineData("""{ "Replay": { "NonIdempotentReplay": "1" } }""", "StaleConnGuard:Replay:NonIdempotentReplay is '1'; accepted is one of WhenProven, Always, Never")]
    [InlineData("""{ "Replay": { "ConfirmOneShotBody": "yes" } }""", "StaleConnGuard:Replay:ConfirmOneShotBody is 'yes'; accepted is true or false")]
    [InlineData("""{ "Replay": { "BufferOneShotUpTo": 0 } }""", "StaleConnGuard:Replay:BufferOneShotUpTo is '0'; accepted is a whole number between 1 and 104857600")]
    [InlineData("""{ "Retry": { "StatusCodes": [ 503, 200 ] } }""", "StaleConnGuard:Retry:StatusCodes:1 is '200'; accepted is a list of whole numbers between 400 and 599")]
    [InlineData("""{ "Retry": { "StatusCodes": 503 } }""", "StaleConnGuard:Retry:StatusCodes is '503'; accepted is a list of")]
    [InlineData("""{ "Retry": { "Budget": { "Ratio": "NaN" } } }""", "StaleConnGuard:Retry:Budget:Ratio is 'NaN'; accepted is a number between 0 and 10")]
    [InlineData("""{ "Retry": { "Budget": { "Ration": 1 } } }""", "StaleConnGuard:Retry:Budget:Ration is not known. Did you mean Ratio? Known here: Ratio, MinRetriesPerSecond")]
    [InlineData("""{ "Transport": { "ConnectTimeout": "0:0:0" } }""", "StaleConnGuard:Transport:ConnectTimeout is '0:0:0'; accepted is a time between 00:00:00.0100000 and 01:00:00, or Infinite")]
    [InlineData("""{ "Keepalives": { } , "Client": { "a": { "b": 1 } } }""", "StaleConnGuard:Client is not known. Did you mean Clients? Known here: Enabled, KeepAlive, Replay, Retry, Transport, Clients")]
    [InlineData("""{ "Clients": { "orders": { "Replays": { "MaxReplays": 1 } } } }""", "StaleConnGuard:Clients:orders:Replays is not known. Did you mean Replay? Known here: Enabled, KeepAlive, Replay, Retry, Transport")]
    public void Apply_Mistake_NamesPathValueAndWhatIsAccepted(string json, string expected) =>
        Should.Throw<OptionsValidationException>(() => Read($$"""{ "StaleConnGuard": {{json}} }"""))
            .Failures.ShouldContain(line => line.StartsWith(expected, StringComparison.Ordinal), json);

    /// <summary>A mistake is named, and a password that stands in it is not.</summary>
    [Theory]
    [InlineData("""{ "KeepAlive": { "Origins": { "https://user:secret@api.example.com:443": { "ServerTimeout": "00:00:05" } } } }""", "KeepAlive:Origins:https://***@api.example.com:443 is not an origin")]
    [InlineData("""{ "KeepAlive": { "Origins": { "https://user:secret@api.example.com": "00:00:05" } } }""", "KeepAlive:Origins:https://***@api.example.com is not known")]
    [InlineData("""{ "KeepAlive": { "ServerTimeout": "https://user:secret@api.example.com" } }""", "KeepAlive:ServerTimeout is 'https://***@api.example.com', which is no known server")]
    [InlineData("""{ "Transport": { "ConnectTimeout": "http://user:secret@proxy:3128" } }""", "Transport:ConnectTimeout is 'http://***@proxy:3128'; accepted is")]
    [InlineData("""{ "Retry": { "StatusCodes": "user:secret@proxy" } }""", "Retry:StatusCodes is '***@proxy'; accepted is")]
    public void Apply_MistakeThatHoldsCredentials_DoesNotShowThem(string json, string expected)
    {
        IEnumerable<string> failures = Should.Throw<OptionsValidationException>(() => Read($$"""{ "StaleConnGuard": {{json}} }""")).Failures;
        failures.ShouldContain(line => line.Contains(expected, StringComparison.Ordinal));
        failures.ShouldAllBe(line => !line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void Apply_SeveralMistakes_AreAllNamed() =>
        Should.Throw<OptionsValidationException>(() => Read("""{ "StaleConnGuard": { "KeepAlive": { "Learn": 1, "Margin": 1 }, "X": 1 } }"""))
            .Failures.Count().ShouldBe(3);

    [Fact]
    public void Apply_MistakeInAnotherClient_DoesNotConcernThisOne()
    {
        const string Json = """{ "StaleConnGuard": { "Clients": { "a": { "Replay": { "MaxReplays": 99 } }, "b": { "Replay": { "MaxReplays": 1 } } } } }""";
        Read(Json, "b").Replay.MaxReplays.ShouldBe(1);
        Should.Throw<OptionsValidationException>(() => Read(Json, "a"));
        Should.Throw<OptionsValidationException>(() => Read(Json, ""));
    }

    [Fact]
    public void Apply_EmptySection_ChangesNothing()
    {
        var options = new StaleConnGuardOptions();
        StaleConnGuardConfiguration.Apply(new ConfigurationBuilder().Build(), null, options);
        options.KeepAlive.Margin.ShouldBe(TimeSpan.FromSeconds(1));
    }

    private static StaleConnGuardOptions Read(string json, string? client = null)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        IConfiguration configuration = new ConfigurationBuilder().AddJsonStream(stream).Build();
        var options = new StaleConnGuardOptions();
        StaleConnGuardConfiguration.Apply(configuration.GetSection("StaleConnGuard"), client, options);
        return options;
    }
}
