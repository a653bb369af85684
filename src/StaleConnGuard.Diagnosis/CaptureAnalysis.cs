namespace StaleConnGuard.Diagnosis;

/// <summary>Reads a capture once, from its first frame to its last one, and judges every connection.</summary>
/// <remarks>One thread runs it. <see cref="Frames"/> and <see cref="Bytes"/> may be asked, and <see cref="Tick"/> and <see cref="Stop"/> called, from any other.</remarks>
internal sealed class CaptureAnalysis
{
    private readonly Lock _gate = new();
    private readonly CaptureFilter _filter;
    private readonly ConnectionTable _table;
    private readonly AnalysisTotals _totals;
    private readonly Action<Finding>? _onFinding;
    private bool _isStopped;

    /// <param name="filter">Which connections are looked at.</param>
    /// <param name="keepAll">Whether to keep every verdict, not trouble alone.</param>
    /// <param name="onFinding">Told of trouble (of every verdict with <paramref name="keepAll"/>) as soon as it is decided, by a thread at a time.</param>
    /// <param name="mostOpen">How many connections are followed at once.</param>
    public CaptureAnalysis(CaptureFilter? filter = null, bool keepAll = false, Action<Finding>? onFinding = null, int mostOpen = 200_000)
    {
        _filter = filter ?? new CaptureFilter();
        _onFinding = onFinding;
        _totals = new AnalysisTotals(keepAll);
        _table = new ConnectionTable(_filter.Port, Judge, onFinding is null ? null : LookAt, mostOpen);
    }

    /// <summary>Frames read so far, for a display of progress.</summary>
    public long Frames { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Reads to the end, or until it is stopped: then the result is that of <see cref="Stop"/>.</summary>
    public Explanation Run(CaptureReader reader, CancellationToken cancellationToken = default)
    {
        var frame = new CapturedFrame();
        while (reader.TryRead(frame))
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (_gate)
            {
                if (_isStopped)
                {
                    break;
                }

                Frames = frame.Number;
                Bytes = reader.Position;
                Add(frame);
            }
        }

        Bytes = reader.Position;
        return Stop(reader.Warning);
    }

    /// <summary>So much time has passed since the last frame: what is decided by now is told. For a live capture in which nothing more comes.</summary>
    public void Tick(TimeSpan sinceLastFrame)
    {
        lock (_gate)
        {
            if (!_isStopped && _totals.LastTime is { } last)
            {
                _table.AdvanceTo(last + (sinceLastFrame.Ticks * TimeSpan.NanosecondsPerTick));
            }
        }
    }

    /// <summary>Ends it where it stands.</summary>
    public Explanation Stop(string? warning = null)
    {
        lock (_gate)
        {
            if (!_isStopped)
            {
                _isStopped = true;
                _table.Finish();
            }

            return _totals.Explain(Frames, Bytes, _table, warning);
        }
    }

    private void Add(CapturedFrame frame)
    {
        DecodedAs decoded = PacketDecoder.Decode(frame, out TcpSegment segment);
        _totals.Count(decoded);
        if (decoded is not DecodedAs.Tcp || !_filter.Accepts(segment))
        {
            return;
        }

        _totals.Count(segment);
        _table.Add(segment);
    }

    private void Judge(TcpConnection connection, bool isGivenUp)
    {
        if (!_filter.Accepts(connection))
        {
            return;
        }

        _totals.Count(connection);
        foreach (Finding finding in JudgeAll(connection, isGivenUp))
        {
            if (_totals.Add(finding))
            {
                Tell(connection, finding);
            }
        }
    }

    private void LookAt(TcpConnection connection)
    {
        if (!_filter.Accepts(connection))
        {
            return;
        }

        foreach (Finding finding in JudgeAll(connection, isGivenUp: false))
        {
            if (finding.IsTrouble && finding.Request is not null)
            {
                Tell(connection, finding);
            }
        }
    }

    private void Tell(TcpConnection connection, Finding finding)
    {
        if (_onFinding is not null && connection.TryTell(finding.Request?.Ordinal ?? 0, finding.Judgement.Verdict))
        {
            _onFinding(finding);
        }
    }

    private static IEnumerable<Finding> JudgeAll(TcpConnection connection, bool isGivenUp)
    {
        ConnectionFacts facts = connection.ToFacts();
        if (isGivenUp)
        {
            return [FindingMaker.Make(connection, facts, new Judgement(Verdict.Unknown, Reason.TooMany), null)];
        }

        return connection.Outstanding.Count > 0
            ? connection.Outstanding.Select(request => FindingMaker.Make(connection, facts, RequestVerdict.Judge(facts, request), request))
            : [FindingMaker.Make(connection, facts, ConnectionVerdict.Judge(facts), null)];
    }
}
