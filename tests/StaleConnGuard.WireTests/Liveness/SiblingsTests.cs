using System.Diagnostics;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Liveness;

/// <summary>One dead connection tells of the others.</summary>
public class SiblingsTests
{
    private const int Connections = 3;

    [Fact]
    public async Task Gets_AfterOneConnectionWasFoundDead_DoNotTryTheOthers()
    {
        await using SilentPath path = await SilentPath.CreateOrSkipAsync();
        using var client = new SilentClient();
        int[] ports = await OpenAsync(path, client.Http);
        long idle = Stopwatch.GetTimestamp();
        await path.ForgetAsync(SilenceKind.BothWays, ports);
        await SilenceRun.RestAsync(idle);

        (await SilenceRun.SendAsync(path, client.Http, "GET")).Failure.ShouldBeNull();
        client.Ends.ShouldBe([ConnectionEnd.Silence]);

        SilenceOutcome[] all = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => SilenceRun.SendAsync(path, client.Http, "POST")));
        all.ShouldAllBe(o => o.Failure == null && o.Executions == 1);
        client.Ends.Count(e => e is ConnectionEnd.Silence).ShouldBe(1);
        client.Observer.Refusals.ShouldContain(RefusalReason.Suspect);
    }

    private static async Task<int[]> OpenAsync(SilentPath path, HttpClient client)
    {
        while (true)
        {
            // All at once, each long enough that none is done before the last has begun.
            string[] ports = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => client.GetStringAsync(new Uri(path.Uri, "port?ms=300"))));
            if (ports.Distinct().Count() == Connections)
            {
                return [.. ports.Select(int.Parse)];
            }
        }
    }
}
