using System.Reflection;

namespace StaleConnGuard.Tests;

public class KnownServerTimeoutsTests
{
    [Fact]
    public void Preset_CanBeAssignedWhereATimeIsWanted()
    {
        var options = new KeepAliveOptions { ServerTimeout = KnownServerTimeouts.AwsAlb };
        options.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(60));
        KnownServerTimeouts.AwsAlb.ToTimeSpan().ShouldBe(TimeSpan.FromSeconds(60));
        KnownServerTimeouts.AwsAlb.ToString().ShouldBe("AwsAlb (00:01:00)");
        Should.Throw<ArgumentNullException>(() => (TimeSpan)(KnownServerTimeout)null!);
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
            known.Timeout.ShouldBeInRange(KeepAliveDefaults.MinServerTimeout, KeepAliveDefaults.MaxServerTimeout);
        }
    }

    [Fact]
    public void TryGet_NameThatIsNone_FindsNothing()
    {
        KnownServerTimeouts.TryGet("Nginz", out KnownServerTimeout? known).ShouldBeFalse();
        known.ShouldBeNull();
        KnownServerTimeouts.TryGet(null, out _).ShouldBeFalse();
    }

    [Fact]
    public void All_WhoSaysItAndWhoSaysNothing()
    {
        KnownServerTimeouts.All.Where(known => known.Advertises).Select(known => known.Name).ShouldBe(["ApacheHttpd", "NodeLegacy", "Tomcat"]);
        KnownServerTimeouts.All.Where(known => known.ClosesSilently).Select(known => known.Name).ShouldBe(["AwsNlb", "AzureLoadBalancer"]);
    }
}
