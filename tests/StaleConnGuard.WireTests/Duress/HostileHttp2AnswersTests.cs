using System.Collections.Concurrent;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Duress;

/// <summary>An answer over HTTP/2 that is cut off after each of its bytes: the guarded client is never worse than the plain one, which runs beside it.</summary>
public class HostileHttp2AnswersTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(HostileEnd.Fin, true)]
    [InlineData(HostileEnd.Reset, true)]
    [InlineData(HostileEnd.Fin, false)]
    [InlineData(HostileEnd.Reset, false)]
    public async Task AnAnswer_CutAtEachByte_NeverMakesTheGuardWorse(HostileEnd end, bool isAlways)
    {
        var complaints = new ConcurrentQueue<string>();
        int answered = 0;
        int failed = 0;
        int healed = 0;
        IEnumerable<Http2SideBySide> cases =
            from length in Enumerable.Range(0, Http2SideBySide.AnswerTo(stream: 3).Length + 1)
            from method in new[] { "GET", "POST", "PUT" }
            select new Http2SideBySide(length, end, method, isAlways);
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = 24 }, async (one, _) =>
        {
            if (await one.CompareAsync() is string complaint)
            {
                complaints.Enqueue(complaint);
            }

            Interlocked.Increment(ref one.Plain!.IsAnswered ? ref answered : ref failed);
            if (!one.Plain.IsAnswered && one.Guarded!.IsAnswered)
            {
                Interlocked.Increment(ref healed);
            }
        });
        output.WriteLine($"plain client: {answered} answered, {failed} failed, of which {healed} were answered with the guard");
        string.Join("\n", complaints).ShouldBeEmpty();
        failed.ShouldBeGreaterThan(0);
        if (!isAlways)
        {
            healed.ShouldBeGreaterThan(0);
        }
    }
}
