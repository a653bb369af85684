using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>SDKs of docs/sdks.md, by the page's own code, against a server that closes the connection under a request.</summary>
public class SdkTests
{
    public static TheoryData<string> Sdks() => [.. SdkCase.All.Keys];

    [Theory]
    [MemberData(nameof(Sdks))]
    public async Task Write_ConnectionClosedUnderIt_FailsPlainAndSucceedsGuarded(string sdk)
    {
        (Exception? failure, int executed) = await RaceAsync(SdkCase.All[sdk], guarded: false);
        failure.ShouldNotBeNull();

        // Nor does the SDK send it again by itself.
        executed.ShouldBe(0);

        (failure, executed) = await RaceAsync(SdkCase.All[sdk], guarded: true);
        failure.ShouldBeNull();
        executed.ShouldBe(1);
    }

    [Fact]
    public void Page_EveryCodeBlock_IsACompiledSnippet() => DocumentSnippets.Differences(
        File.ReadAllText(Repository.PathOf("docs/sdks.md")), File.ReadAllText(Repository.PathOf("tests/StaleConnGuard.SdkTests/Sdks/SdkSnippets.cs"))).ShouldBeEmpty();

    private static async Task<(Exception? Failure, int Executed)> RaceAsync(SdkCase sdk, bool guarded)
    {
        await using var race = new SdkRace(guarded, sdk.Answer);
        race.Register(sdk.Register);
        await using ServiceProvider provider = race.Services.BuildServiceProvider();
        return await race.RunAsync(sdk.Call(provider, race.Uri));
    }
}
