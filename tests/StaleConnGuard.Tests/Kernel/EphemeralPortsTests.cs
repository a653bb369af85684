using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Kernel;

public sealed class EphemeralPortsTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public void TryKeep_WithinAMinute_IsGrantedToAnEighthOfThePorts()
    {
        var ports = new EphemeralPorts(80, _clock);

        Keep(ports, 20).ShouldBe(10);
    }

    [Fact]
    public void TryKeep_AMinuteLater_CountsWhatMayStillBeHeld()
    {
        var ports = new EphemeralPorts(80, _clock);
        _clock.Advance(TimeSpan.FromSeconds(50));
        Keep(ports, 6).ShouldBe(6);

        _clock.Advance(TimeSpan.FromSeconds(20));
        Keep(ports, 20).ShouldBe(4, "six were closed twenty seconds ago");

        _clock.Advance(TimeSpan.FromSeconds(120));
        Keep(ports, 20).ShouldBe(10, "none of them is held any more");
    }

    [Fact]
    public void TryKeep_AConnectFoundNoPort_IsRefusedForAMinute()
    {
        var ports = new EphemeralPorts(80, _clock);
        ports.NoteShortage();

        Keep(ports, 5).ShouldBe(0);
        _clock.Advance(EphemeralPorts.TimeWait - TimeSpan.FromMilliseconds(1));
        Keep(ports, 5).ShouldBe(0);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Keep(ports, 5).ShouldBe(5);
    }

    [Fact]
    public void TryKeep_HardlyAnyPorts_IsRefused() => new EphemeralPorts(EphemeralPorts.ShareForTimeWait - 1, _clock).TryKeep().ShouldBeFalse();

    [Fact]
    public void TryKeep_PortsOfTheSystem_IsGranted() => new EphemeralPorts(count: null, _clock).TryKeep().ShouldBeTrue();

    [Theory]
    [InlineData("32768\t60999\n", 28_232)]
    [InlineData("40000 40039", 40)]
    [InlineData("1 1", 1)]
    [InlineData("", null)]
    [InlineData("40000", null)]
    [InlineData("40039 40000", null)]
    [InlineData("all of them", null)]
    public void CountOf_WhatTheKernelWrites(string range, int? count) => EphemeralPorts.CountOf(range).ShouldBe(count);

    private static int Keep(EphemeralPorts ports, int times) => Enumerable.Range(0, times).Count(_ => ports.TryKeep());
}
