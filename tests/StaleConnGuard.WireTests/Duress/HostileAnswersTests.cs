using System.Collections.Concurrent;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Duress;

/// <summary>A hostile server in every state of an exchange over HTTP/1.1: the guarded client is never worse than the plain one, which runs beside it.</summary>
public class HostileAnswersTests(ITestOutputHelper output)
{
    private const string Answer = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 15\r\n\r\nhonest attacked";
    private const string ChunkedAnswer = "HTTP/1.1 103 H\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nF\r\nhonest attacked\r\n0\r\nT: x\r\n\r\n";

    [Fact]
    public Task Answers_OfAHostileServer_NeverMakeTheGuardWorse() => NeverWorseAsync(
        from attack in HostileAnswers.AtOnce.Index()
        from kind in new[] { ("GET", true, false), ("POST", false, false), ("HEAD", true, false), ("POST", true, true) }
        where attack.Item.BeforeRequest is null || !kind.Item2
        where kind.Item1 is "GET" || attack.Index % 3 == 0 || attack.Item.BeforeRequest is not null
        select Case(attack.Item, kind.Item1, reused: kind.Item2, sync: kind.Item3));

    [Theory]
    [InlineData(HostileEnd.Fin)]
    [InlineData(HostileEnd.Reset)]
    public Task AnAnswer_CutAtEachByte_NeverMakesTheGuardWorse(HostileEnd end) => NeverWorseAsync(
        from answer in new[] { Answer, ChunkedAnswer }
        from length in Enumerable.Range(0, answer.Length + 1)
        let attack = HostileAnswer.Of($"{end} after {length} bytes of {answer.Length}", answer[..length], end)
        from kind in new[] { ("GET", true, false), ("POST", true, false), ("POST", true, true) }
        where !kind.Item3 || length % 5 == 0
        select Case(attack, kind.Item1, reused: kind.Item2, tls: kind.Item3));

    [Fact]
    public Task AnAnswer_CutOnce_IsMadeGoodOrFailsAsWithoutTheGuard() => NeverWorseAsync(
        from end in new[] { HostileEnd.Fin, HostileEnd.Reset }
        from length in Enumerable.Range(0, Answer.Length + 1)
        let attack = HostileAnswer.Of($"once {end} after {length} bytes", Answer[..length], end) with { IsAlways = false }
        from kind in new[] { ("PUT", true), ("POST", true), ("PUT", false) }
        select Case(attack, kind.Item1, reused: kind.Item2));

    [Fact]
    public Task Answers_WithoutAnEnd_NeverMakeTheGuardWorse() => NeverWorseAsync(
        from attack in HostileAnswers.Endless
        from method in new[] { "GET", "POST" }
        select Case(attack, method, reused: true, patience: TimeSpan.FromMilliseconds(700)));

    [Fact]
    public Task Answers_ThatGrow_NeverMakeTheGuardWorse() => NeverWorseAsync(
        from attack in HostileAnswers.Growing
        from method in new[] { "GET", "POST" }
        select Case(attack, method, reused: true));

    [Fact]
    public Task Answers_BeforeTheBodyWasRead_NeverMakeTheGuardWorse() => NeverWorseAsync(
        from end in new[] { HostileEnd.StaysOpen, HostileEnd.Fin }
        from status in new[] { 200, 401, 413, 503 }
        let text = $"HTTP/1.1 {status} S\r\nContent-Length: 15\r\nConnection: close\r\n\r\nhonest attacked"
        let attack = HostileAnswer.Of($"early {status}, {end}", text, end) with { LeavesBody = true }
        select new SideBySide(attack, "POST", reused: true) { Body = new byte[40_000] });

    private static SideBySide Case(HostileAnswer attack, string method, bool reused, bool tls = false, bool sync = false, TimeSpan? patience = null) =>
        new(attack, method, reused, tls, sync) { Body = method is "GET" or "HEAD" ? null : Encoding.ASCII.GetBytes("a body"), Patience = patience ?? TimeSpan.FromSeconds(8) };

    private async Task NeverWorseAsync(IEnumerable<SideBySide> cases)
    {
        var complaints = new ConcurrentQueue<string>();
        int answered = 0;
        int failed = 0;
        int healed = 0;
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = 24 }, async (one, cancellationToken) =>
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
        (answered + failed).ShouldBeGreaterThan(0);
    }
}
