using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.PublicApi;

/// <summary>
/// The public API as committed text: a change of it shows in the diff. Run the tests with <c>UPDATE_PUBLIC_API=1</c> to write it anew.
/// </summary>
public class PublicApiTests
{
    [Fact]
    public void StaleConnGuard_PublicApi_IsWhatWasApproved() => Check("StaleConnGuard", typeof(StaleConnGuardOptions).Assembly);

    [Fact]
    public void AspNetCore_PublicApi_IsWhatWasApproved() => Check("StaleConnGuard.AspNetCore", typeof(KeepAliveAdvertisementOptions).Assembly);

    [Fact]
    public void Resilience_PublicApi_IsWhatWasApproved() => Check("StaleConnGuard.Resilience", typeof(StaleConnGuardResilienceOptions).Assembly);

    private static void Check(string name, System.Reflection.Assembly assembly)
    {
        string path = Repository.PathOf($"tests/StaleConnGuard.Tests/PublicApi/{name}.txt");
        string actual = PublicApiText.Of(assembly);
        if (Environment.GetEnvironmentVariable("UPDATE_PUBLIC_API") == "1")
        {
            File.WriteAllText(path, actual);
        }

        actual.ShouldBe(File.ReadAllText(path));
    }
}
