using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

/// <summary>A live capture: what is decided is told although nothing more comes, and only once.</summary>
public class LiveTests
{
    private const string Post = "POST /orders HTTP/1.1\r\n\r\n";

    private readonly CaptureScript _script = new();
    private readonly List<Verdict> _told = [];
    private readonly CaptureAnalysis _analysis;
    private readonly ScriptedExchange _exchange;

    public LiveTests()
    {
        _exchange = new ScriptedExchange(_script);
        _analysis = new CaptureAnalysis(onFinding: finding => _told.Add(finding.Judgement.Verdict));
        _exchange.Handshake(0).Answered(20);
    }

    [Fact]
    public void Lost_request_is_told_a_second_after_it_is_over()
    {
        _exchange.Request(1028).ServerFin(1030).ClientSeesAll().FromClient(1041, CaptureScript.Fin | CaptureScript.Ack);

        ReadWithoutAnEnd(() =>
        {
            _analysis.Tick(TimeSpan.FromMilliseconds(500));
            _told.ShouldBeEmpty("a reset may follow");
            _analysis.Tick(TimeSpan.FromSeconds(1));
        });

        _told.ShouldBe([Verdict.LostInFlight]);
    }

    [Fact]
    public void Lost_request_is_told_though_the_client_never_closes()
    {
        _exchange.Request(1028).ServerFin(1030);

        ReadWithoutAnEnd(() =>
        {
            _analysis.Tick(TimeSpan.FromSeconds(1));
            _told.ShouldBe([Verdict.LostInFlight]);
        });

        _told.ShouldBe([Verdict.LostInFlight], "told once, not again at the end");
    }

    [Fact]
    public void Silent_drop_is_told_while_the_client_still_waits()
    {
        _exchange.Request(1000, Post);
        foreach (int later in (int[])[200, 600])
        {
            _exchange.FromClient(1000 + later, CaptureScript.Ack, Post, isRepeated: true);
        }

        ReadWithoutAnEnd(() =>
        {
            _analysis.Tick(TimeSpan.FromSeconds(1));
            _told.ShouldBe([Verdict.SilentDrop]);
        });

        _told.ShouldBe([Verdict.SilentDrop]);
    }

    [Fact]
    public void Request_that_is_only_waiting_is_not_told()
    {
        _exchange.Request(1000, Post).Taken().FromServer(1010, CaptureScript.Ack);

        ReadWithoutAnEnd(() => _analysis.Tick(TimeSpan.FromHours(1)));

        _told.ShouldBeEmpty();
    }

    [Fact]
    public void Stopped_analysis_reports_what_it_has_seen()
    {
        _exchange.Request(1028).ServerFin(1030);
        Explanation? stopped = null;

        Explanation ended = ReadWithoutAnEnd(() => stopped = _analysis.Stop());

        stopped!.Verdicts[Verdict.LostInFlight].ShouldBe(1);
        ended.Verdicts[Verdict.LostInFlight].ShouldBe(1);
        _told.ShouldBe([Verdict.LostInFlight]);
    }

    private Explanation ReadWithoutAnEnd(Action whenAllIsRead)
    {
        using var stream = new PausingStream(_script.ToArray(), whenAllIsRead);
        return _analysis.Run(CaptureReader.Open(stream));
    }

    /// <summary>Gives what it has, and calls back where a pipe would wait for more.</summary>
    private sealed class PausingStream(byte[] content, Action whenAllIsRead) : MemoryStream(content)
    {
        private bool _hasPaused;

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (Position == Length && !_hasPaused)
            {
                _hasPaused = true;
                whenAllIsRead();
            }

            return base.Read(buffer, offset, count);
        }
    }
}
