using System.Reflection;

namespace StaleConnGuard.Tests;

public class KnownServerTimeoutsTests
{
    [Fact]
    public void Preset_CanBeAssignedWhereATimeIsWanted()
    {
        var options = new StaleConnGuardOptions();
        options.KeepAlive.ServerTimeout = KnownServerTimeouts.AwsAlb;
        options.KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void All_HoldsEveryPresetUnderItsName()
    {
        PropertyInfo[] presets = [.. typeof(KnownServerTimeouts).GetProperties().Where(p => p.PropertyType == typeof(KnownServerTimeout))];
        KnownServerTimeouts.All.Count.ShouldBe(presets.Length);
        foreach (PropertyInfo preset in presets)
        {
            var known = (KnownServerTimeout)preset.GetValue(null)!;
            known.Name.ShouldBe(preset.Name);
            known.Source.ShouldNotBeNullOrWhiteSpace();
            KnownServerTimeouts.TryGet(preset.Name.ToUpperInvariant(), out KnownServerTimeout? found).ShouldBeTrue();
            found.ShouldBeSameAs(known);
            KeepAliveRules.ServerTimeout.Contains(known).ShouldBeTrue();
        }
    }
}
