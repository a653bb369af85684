namespace StaleConnGuard.Tests;

public class StartupCheckTests
{
    private readonly StaleConnGuardOptions _options = new();

    [Fact]
    public void Find_Defaults_NothingToSay() => StartupCheck.Find(_options, TimeSpan.FromMinutes(1)).ShouldBeEmpty();

    [Fact]
    public void Find_WhatTheFactoryDerives_NothingToSay()
    {
        foreach (KnownServerTimeout known in KnownServerTimeouts.All)
        {
            _options.KeepAlive.ServerTimeout = known;
            StartupCheck.Find(_options, PooledIdleTimeout.Derive(_options)).ShouldBeEmpty(known.Name);
        }

        _options.KeepAlive.Origins["https://a.example.com"] = new() { ServerTimeout = TimeSpan.FromSeconds(9) };
        _options.KeepAlive.Origins["https://b.example.com"] = new() { ServerTimeout = TimeSpan.FromSeconds(10), MeasureMargin = false };
        StartupCheck.Find(_options, PooledIdleTimeout.Derive(_options)).ShouldBeEmpty();
    }

    [Fact]
    public void Find_FiftyFiveSecondsAgainstSixty_RacesBecauseOfTheSlack()
    {
        _options.KeepAlive.ServerTimeout = KnownServerTimeouts.AwsAlb;
        StartupFinding finding = StartupCheck.Find(_options, TimeSpan.FromSeconds(55)).ShouldHaveSingleItem();
        finding.Kind.ShouldBe(StartupFindingKind.PoolOutlivesServer);
        finding.Message.ShouldBe("KeepAlive: the pool keeps idle connections for up to 68.75 s (PooledConnectionIdleTimeout 55 s and the scavenger's slack), the server closes them at 60 s. Set PooledConnectionIdleTimeout to 48 s or less, or leave it unset.");
    }

    [Fact]
    public void Find_InfiniteIdleTimeout_Races()
    {
        _options.KeepAlive.Origins["https://a.example.com"] = new() { ServerTimeout = TimeSpan.FromSeconds(5) };
        StartupFinding finding = StartupCheck.Find(_options, Timeout.InfiniteTimeSpan).ShouldHaveSingleItem();
        finding.Message.ShouldStartWith("KeepAlive:Origins:https://a.example.com: the pool keeps idle connections for ever");
    }

    [Fact]
    public void Find_PoolSwitchedOff_NothingToSay()
    {
        _options.KeepAlive.ServerTimeout = TimeSpan.FromSeconds(5);
        StartupCheck.Find(_options, TimeSpan.Zero).ShouldBeEmpty();
    }

    [Fact]
    public void Find_MarginAboveHalf_SaysWhatIsUsed()
    {
        _options.KeepAlive.ServerTimeout = TimeSpan.FromSeconds(5);
        _options.KeepAlive.Margin = TimeSpan.FromSeconds(4);
        StartupFinding finding = StartupCheck.Find(_options, null).ShouldHaveSingleItem();
        finding.Kind.ShouldBe(StartupFindingKind.MarginAboveHalf);
        finding.Message.ShouldBe("KeepAlive: the margin of 4 s is more than half of the server timeout of 5 s; 2.5 s is used. Set a margin of at most that.");
    }

    [Fact]
    public void Find_NothingKnownAndLearningOff_SaysSo()
    {
        _options.KeepAlive.Learn = false;
        StartupCheck.Find(_options, null).ShouldHaveSingleItem().Kind.ShouldBe(StartupFindingKind.NothingKnownNorLearned);
        _options.KeepAlive.ServerTimeout = TimeSpan.FromSeconds(5);
        StartupCheck.Find(_options, null).ShouldBeEmpty();
    }
}
