using System.Globalization;

namespace StaleConnGuard.Diagnosis;

/// <summary>Reads a capture once, from its first frame to its last one, and judges every connection. Not thread-safe.</summary>
internal sealed class CaptureAnalysis
{
    private const int MostFindings = 1000;
    private const int MostServers = 10_000;

    private readonly CaptureFilter _filter;
    private readonly bool _keepAll;
    private readonly Action<Finding>? _onFinding;
    private readonly ConnectionTable _table;
    private readonly VantagePointFinder _vantagePoint = new();
    private readonly Dictionary<Endpoint, ServerSummary> _servers = [];
    private readonly Dictionary<Verdict, long> _verdicts = [];
    private readonly long[] _decoded = new long[Enum.GetValues<DecodedAs>().Length];
    private readonly List<Finding> _findings = [];
    private long _findingsInAll;
    private long _truncated;
    private long _unlistedServers;
    private long _firstTime = long.MaxValue;
    private long _lastTime = long.MinValue;

    /// <param name="filter">Which connections are looked at.</param>
    /// <param name="keepAll">Whether to keep every verdict, not trouble alone.</param>
    /// <param name="onFinding">Told of trouble (of every verdict with <paramref name="keepAll"/>) as it is found.</param>
    /// <param name="mostOpen">How many connections are followed at once.</param>
    public CaptureAnalysis(CaptureFilter? filter = null, bool keepAll = false, Action<Finding>? onFinding = null, int mostOpen = 200_000)
    {
        _filter = filter ?? new CaptureFilter();
        _keepAll = keepAll;
        _onFinding = onFinding;
        _table = new ConnectionTable(_filter.Port, Judge, mostOpen);
    }

    /// <summary>Frames read so far, for a display of progress. May be asked from any thread.</summary>
    public long Frames { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public long Bytes { get; private set; }

    public Explanation Run(CaptureReader reader, CancellationToken cancellationToken = default)
    {
        var frame = new CapturedFrame();
        while (reader.TryRead(frame))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Frames = frame.Number;
            Bytes = reader.Position;
            Add(frame);
        }

        Bytes = reader.Position;
        _table.Finish();
        return Explain(reader.Warning);
    }

    private void Add(CapturedFrame frame)
    {
        DecodedAs decoded = PacketDecoder.Decode(frame, out TcpSegment segment);
        _decoded[(int)decoded]++;
        if (decoded is not DecodedAs.Tcp || !_filter.Accepts(segment))
        {
            return;
        }

        _firstTime = Math.Min(_firstTime, frame.Time);
        _lastTime = Math.Max(_lastTime, frame.Time);
        if (segment.Payload.Length < segment.Length)
        {
            _truncated++;
        }

        _table.Add(segment);
    }

    private void Judge(TcpConnection connection, bool isGivenUp)
    {
        if (!_filter.Accepts(connection))
        {
            return;
        }

        _vantagePoint.Add(connection.Handshake);
        ConnectionFacts facts = connection.ToFacts();
        if (isGivenUp)
        {
            Add(FindingMaker.Make(connection, facts, new Judgement(Verdict.Unknown, Reason.TooMany), null));
            return;
        }

        bool hasRequests = false;
        foreach (RequestFacts request in connection.Outstanding)
        {
            hasRequests = true;
            Add(FindingMaker.Make(connection, facts, RequestVerdict.Judge(facts, request), request));
        }

        if (!hasRequests)
        {
            Add(FindingMaker.Make(connection, facts, ConnectionVerdict.Judge(facts), null));
        }
    }

    private void Add(Finding finding)
    {
        _verdicts[finding.Judgement.Verdict] = _verdicts.GetValueOrDefault(finding.Judgement.Verdict) + 1;
        SummaryOf(finding.Server)?.Add(finding);
        if (!_keepAll && !finding.IsTrouble)
        {
            return;
        }

        _findingsInAll++;
        _onFinding?.Invoke(finding);
        if (_findings.Count < MostFindings)
        {
            _findings.Add(finding);
        }
    }

    private ServerSummary? SummaryOf(Endpoint server)
    {
        if (_servers.TryGetValue(server, out ServerSummary? summary))
        {
            return summary;
        }

        if (_servers.Count >= MostServers)
        {
            _unlistedServers++;
            return null;
        }

        return _servers[server] = new ServerSummary(server);
    }

    private Explanation Explain(string? warning)
    {
        ServerSummary[] servers = [.. _servers.Values
            .OrderByDescending(server => server.Lost)
            .ThenByDescending(server => server.Verdicts.Values.Sum())
            .ThenBy(server => server.Server.ToString(), StringComparer.Ordinal)];
        return new Explanation
        {
            VantagePoint = _vantagePoint.Find(),
            Frames = Frames,
            Bytes = Bytes,
            Decoded = Enum.GetValues<DecodedAs>().Where(kind => _decoded[(int)kind] > 0).ToDictionary(kind => kind, kind => _decoded[(int)kind]),
            Copies = _table.Copies,
            Truncated = _truncated,
            Connections = _table.Connections,
            MostOpen = _table.MostOpen,
            Duration = _lastTime <= _firstTime ? TimeSpan.Zero : Nanoseconds.ToTimeSpan(_lastTime - _firstTime),
            Verdicts = _verdicts,
            Servers = servers,
            Causes = [.. servers.Select(CauseFinder.Find).OfType<Cause>()],
            Findings = _findings,
            FindingsInAll = _findingsInAll,
            Warnings = [.. Warnings(warning)],
        };
    }

    private IEnumerable<string> Warnings(string? warning)
    {
        if (warning is not null)
        {
            yield return $"The capture was read in part, {warning}.";
        }

        foreach ((DecodedAs kind, string what) in s_unreadable)
        {
            if (_decoded[(int)kind] is > 0 and long count)
            {
                yield return $"{Count(count)} {what}";
            }
        }

        if (_truncated > 0)
        {
            yield return $"{Count(_truncated)} packets were captured in part only (tcpdump: -s 0 captures them whole): what was cut off is not known.";
        }

        if (_unlistedServers > 0)
        {
            yield return $"{Count(_unlistedServers)} verdicts of servers beyond the first {Count(MostServers)} are counted, but not listed.";
        }
    }

    private static readonly (DecodedAs Kind, string What)[] s_unreadable =
    [
        (DecodedAs.Fragment, "IP fragments: what they carry is not known."),
        (DecodedAs.Malformed, "frames whose headers make no sense."),
        (DecodedAs.Truncated, "frames too short to hold a TCP header: captured with too small a limit."),
        (DecodedAs.UnknownLinkType, "frames of a kind of network that is not read here; accepted are Ethernet, Linux cooked (any), loopback and bare IP."),
    ];

    private static string Count(long count) => count.ToString(CultureInfo.InvariantCulture);
}
