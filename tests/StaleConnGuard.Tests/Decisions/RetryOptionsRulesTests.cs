using System.Net;

namespace StaleConnGuard.Tests.Decisions;

public class RetryOptionsRulesTests
{
    [Fact]
    public void Check_Defaults_AreValidAndAsDocumented()
    {
        var options = new RetryOptions();
        RetryOptionsRules.Check(options).ShouldBeEmpty();
        options.Enabled.ShouldBeTrue();
        options.MaxRetries.ShouldBe(3);
        options.BaseDelay.ShouldBe(TimeSpan.FromMilliseconds(200));
        options.MaxDelay.ShouldBe(TimeSpan.FromSeconds(10));
        options.Jitter.ShouldBe(RetryJitter.Full);
        options.StatusCodes.ShouldBeNull();
        RetryOptions.DefaultStatusCodes.Select(c => (int)c).ShouldBe([502, 503, 504]);
        options.HonorRetryAfter.ShouldBeTrue();
        options.MaxRetryAfter.ShouldBe(TimeSpan.FromSeconds(30));
        options.CallerTimeout.ShouldBeNull();
        options.Budget.Ratio.ShouldBe(0.2);
        options.Budget.MinRetriesPerSecond.ShouldBe(10);
        options.ConfigurePipeline.ShouldBeNull();
        new ReplayOptions().BufferOneShotUpTo.ShouldBeNull();
        new ReplayOptions().BufferUnknownLength.ShouldBeTrue();
        new ReplayOptions().ConfirmOneShotBody.ShouldBeTrue();
    }

    public static TheoryData<Action<RetryOptions>, string> Wrong => new()
    {
        { o => o.MaxRetries = -1, "Retry:MaxRetries is -1; accepted is: between 0 and 10" },
        { o => o.MaxRetries = 11, "Retry:MaxRetries is 11; accepted is: between 0 and 10" },
        { o => o.BaseDelay = TimeSpan.FromTicks(-1), "Retry:BaseDelay is -00:00:00.0000001; accepted is: between 00:00:00 and 00:01:00" },
        { o => (o.BaseDelay, o.MaxDelay) = (TimeSpan.FromSeconds(61), TimeSpan.FromSeconds(61)), "Retry:BaseDelay is 00:01:01; accepted is: between 00:00:00 and 00:01:00" },
        { o => o.MaxDelay = TimeSpan.FromMilliseconds(199), "Retry:MaxDelay is 00:00:00.1990000; accepted is: between Retry:BaseDelay (00:00:00.2000000) and 01:00:00" },
        { o => o.MaxDelay = TimeSpan.FromHours(2), "Retry:MaxDelay is 02:00:00; accepted is: between Retry:BaseDelay (00:00:00.2000000) and 01:00:00" },
        { o => o.Jitter = (RetryJitter)9, "Retry:Jitter is 9; accepted is: Full or Decorrelated" },
        { o => o.StatusCodes = [HttpStatusCode.BadGateway, HttpStatusCode.OK], "Retry:StatusCodes:1 is 200; accepted is: between 400 and 599" },
        { o => o.StatusCodes = [(HttpStatusCode)600], "Retry:StatusCodes:0 is 600; accepted is: between 400 and 599" },
        { o => o.MaxRetryAfter = TimeSpan.FromDays(2), "Retry:MaxRetryAfter is 2.00:00:00; accepted is: between 00:00:00 and 1.00:00:00" },
        { o => o.CallerTimeout = TimeSpan.Zero, "Retry:CallerTimeout is 00:00:00; accepted is: above 00:00:00 and at most 1.00:00:00, or -00:00:00.0010000 for none" },
        { o => o.Budget.Ratio = double.NaN, "Retry:Budget:Ratio is NaN; accepted is: between 0 and 10" },
        { o => o.Budget.Ratio = -0.1, "Retry:Budget:Ratio is -0.1; accepted is: between 0 and 10" },
        { o => o.Budget.MinRetriesPerSecond = double.PositiveInfinity, "Retry:Budget:MinRetriesPerSecond is Infinity; accepted is: between 0 and 1000000" },
        { o => o.Budget = null!, "Retry:Budget is null; accepted is: present" },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void Check_OutOfRange_NamesKeyValueAndRange(Action<RetryOptions> spoil, string error)
    {
        var options = new RetryOptions();
        spoil(options);
        RetryOptionsRules.Check(options).ShouldBe([error]);
    }

    public static TheoryData<Action<RetryOptions>> AtTheEdge => new()
    {
        o => o.MaxRetries = 0,
        o => o.MaxRetries = 10,
        o => o.BaseDelay = TimeSpan.Zero,
        o => (o.BaseDelay, o.MaxDelay) = (TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)),
        o => o.MaxDelay = TimeSpan.FromHours(1),
        o => o.Jitter = RetryJitter.Decorrelated,
        o => o.StatusCodes = [(HttpStatusCode)400, (HttpStatusCode)599],
        o => o.StatusCodes = [],
        o => o.MaxRetryAfter = TimeSpan.Zero,
        o => o.MaxRetryAfter = TimeSpan.FromDays(1),
        o => o.CallerTimeout = TimeSpan.FromTicks(1),
        o => o.CallerTimeout = TimeSpan.FromDays(1),
        o => o.CallerTimeout = Timeout.InfiniteTimeSpan,
        o => o.Budget.Ratio = 0,
        o => o.Budget.Ratio = 10,
        o => o.Budget.MinRetriesPerSecond = 0,
        o => o.Budget.MinRetriesPerSecond = 1_000_000,
    };

    [Theory]
    [MemberData(nameof(AtTheEdge), DisableDiscoveryEnumeration = true)]
    public void Check_AtTheEdge_IsValid(Action<RetryOptions> set)
    {
        var options = new RetryOptions();
        set(options);
        RetryOptionsRules.Check(options).ShouldBeEmpty();
    }

    [Fact]
    public void Check_SeveralAreWrong_NamesEach() => RetryOptionsRules.Check(new RetryOptions
    {
        MaxRetries = 11,
        BaseDelay = TimeSpan.FromTicks(-1),
        MaxDelay = TimeSpan.FromTicks(-2),
        Jitter = (RetryJitter)9,
        StatusCodes = [HttpStatusCode.OK, (HttpStatusCode)600],
        MaxRetryAfter = TimeSpan.FromTicks(-1),
        CallerTimeout = TimeSpan.FromDays(2),
        Budget = new RetryBudgetOptions { Ratio = 11, MinRetriesPerSecond = -1 },
    }).Select(error => error[..error.IndexOf(" is ", StringComparison.Ordinal)]).ShouldBe(
        ["Retry:MaxRetries", "Retry:BaseDelay", "Retry:MaxDelay", "Retry:Jitter", "Retry:StatusCodes:0", "Retry:StatusCodes:1", "Retry:MaxRetryAfter", "Retry:CallerTimeout", "Retry:Budget:Ratio", "Retry:Budget:MinRetriesPerSecond"]);

    [Fact]
    public void TimeRange_InWords_SaysWhetherInfiniteIsAccepted()
    {
        RetryOptionsRules.BaseDelay.ToString().ShouldBe("between 00:00:00 and 00:01:00");
        RetryOptionsRules.CallerTimeout.ToString().ShouldBe("between 00:00:00.0000001 and 1.00:00:00, or Infinite (-00:00:00.0010000)");
        RetryOptionsRules.BaseDelay.Contains(Timeout.InfiniteTimeSpan).ShouldBeFalse();
    }

    [Fact]
    public void Enabled_SetToWhatItIsAnyway_IsKnownToBeSet()
    {
        var options = new RetryOptions();
        options.IsEnabledSet.ShouldBeFalse();
        options.Enabled = true;
        options.IsEnabledSet.ShouldBeTrue();
        options.Enabled = false;
        options.Enabled.ShouldBeFalse();
    }

    [Fact]
    public void ReadTime_StillTheValueThatWasRead_IsNamedByItsPath()
    {
        ReadTime.NameOf(new ReadTime("Http:Retry:MaxDelay", TimeSpan.Zero), TimeSpan.Zero, "Retry:MaxDelay").ShouldBe("Http:Retry:MaxDelay");
        ReadTime.NameOf(new ReadTime("Http:Retry:MaxDelay", TimeSpan.Zero), TimeSpan.MaxValue, "Retry:MaxDelay").ShouldBe("Retry:MaxDelay");
        ReadTime.NameOf(null, TimeSpan.Zero, "Retry:MaxDelay").ShouldBe("Retry:MaxDelay");
    }
}
