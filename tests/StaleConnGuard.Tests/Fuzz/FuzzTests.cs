using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Fuzz;

/// <summary>A short run of each target of the fuzzer, from the committed corpora; for longer: the benchmarks' command <c>fuzz</c>.</summary>
public class FuzzTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names { get; } = [.. FuzzTargets.All.Select(static target => target.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Target_OnChangesOfItsCorpus_HoldsWhatItPromises(string name)
    {
        var driver = new FuzzDriver(FuzzTargets.Find(name), Environment.TickCount);
        driver.Run(TimeSpan.FromSeconds(1));
        output.WriteLine($"{driver.Inputs} inputs, read in {driver.Kinds} ways");
        driver.Inputs.ShouldBeGreaterThan(20);
        driver.Kinds.ShouldBeGreaterThan(1);
    }
}
