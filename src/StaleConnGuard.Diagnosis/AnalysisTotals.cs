using System.Globalization;

namespace StaleConnGuard.Diagnosis;

/// <summary>What is counted and kept of a capture while it is read. Bounded, however long it is.</summary>
internal sealed class AnalysisTotals(bool keepAll)
{
    private const int MostFindings = 1000;
    private const int MostServers = 10_000;

    private static readonly (DecodedAs Kind, string What)[] s_unreadable =
    [
        (DecodedAs.Fragment, "IP fragments: what they carry is not known."),
        (DecodedAs.Malformed, "frames whose headers make no sense."),
        (DecodedAs.Truncated, "frames too short to hold a TCP header: captured with too small a limit."),
        (DecodedAs.UnknownLinkType, "frames of a kind of network that is not read here; accepted are Ethernet, Linux cooked (any), loopback and bare IP."),
    ];

    private readonly VantagePointFinder _vantagePoint = new(most: 1001);
    private readonly Dictionary<Endpoint, ServerSummary> _servers = [];
    private readonly Dictionary<Verdict, long> _verdicts = [];
    private readonly Dictionary<Reason, long> _unknown = [];
    private readonly long[] _decoded = new long[Enum.GetValues<DecodedAs>().Length];
    private readonly List<Finding> _findings = [];
    private int _keptTrouble;
    private int _keptOthers;
    private long _trouble;
    private long _listed;
    private long _truncated;
    private long _untimed;
    private long _unlistedServers;
    private long _withGaps;
    private long _withHiddenStreams;
    private long _firstTime = long.MaxValue;
    private long _lastTime = long.MinValue;

    /// <summary>The time of the latest frame; null before the first.</summary>
    public long? LastTime => _lastTime == long.MinValue ? null : _lastTime;

    public void Count(DecodedAs decoded) => _decoded[(int)decoded]++;

    public void Count(in TcpSegment segment)
    {
        if (segment.HasTime)
        {
            _firstTime = Math.Min(_firstTime, segment.Time);
            _lastTime = Math.Max(_lastTime, segment.Time);
        }
        else
        {
            _untimed++;
        }

        if (segment.Payload.Length < segment.Length)
        {
            _truncated++;
        }
    }

    public void Count(TcpConnection connection)
    {
        _withGaps += connection.HasGap ? 1 : 0;
        _withHiddenStreams += connection.Protocol == TlsConversation.WithHttp2 ? 1 : 0;
        _vantagePoint.Add(connection.Handshake);
        if (connection.HasDirection)
        {
            SummaryOf(connection.Server)?.VantagePoint.Add(connection.Handshake);
        }
    }

    /// <summary>True when it is one to tell of.</summary>
    public bool Add(Finding finding)
    {
        Judgement judgement = finding.Judgement;
        _verdicts[judgement.Verdict] = _verdicts.GetValueOrDefault(judgement.Verdict) + 1;
        if (judgement.Verdict is Verdict.Unknown)
        {
            _unknown[judgement.Reason] = _unknown.GetValueOrDefault(judgement.Reason) + 1;
        }

        ServerSummary? server = SummaryOf(finding.Server);
        server?.Add(finding);
        _unlistedServers += server is null ? 1 : 0;
        if (!keepAll && !finding.IsTrouble)
        {
            return false;
        }

        _listed++;
        _trouble += finding.IsTrouble ? 1 : 0;

        // What is well must not crowd out what is not.
        ref int kept = ref finding.IsTrouble ? ref _keptTrouble : ref _keptOthers;
        if (kept < MostFindings)
        {
            kept++;
            _findings.Add(finding);
        }

        return true;
    }

    public Explanation Explain(long frames, long bytes, ConnectionTable table, string? warning)
    {
        ServerSummary[] servers = [.. _servers.Values
            .OrderByDescending(server => server.Lost)
            .ThenByDescending(server => server.Verdicts.Values.Sum())
            .ThenBy(server => server.Server.ToString(), StringComparer.Ordinal)];
        return new Explanation
        {
            VantagePoint = VantagePointFinder.Of([.. servers.Select(server => server.VantagePoint.Find())], _vantagePoint.Find()),
            Frames = frames,
            Bytes = bytes,
            Decoded = Enum.GetValues<DecodedAs>().Where(kind => _decoded[(int)kind] > 0).ToDictionary(kind => kind, kind => _decoded[(int)kind]),
            Copies = table.Copies,
            Twins = table.Twins,
            Truncated = _truncated,
            Connections = table.Connections - table.Twins,
            MostOpen = table.MostOpen,
            Duration = _lastTime <= _firstTime ? TimeSpan.Zero : Nanoseconds.ToTimeSpan(_lastTime - _firstTime),
            Verdicts = _verdicts,
            UnknownBecause = _unknown,
            Servers = servers,
            Causes = [.. servers.Select(CauseFinder.Find).OfType<Cause>()],
            Findings = [.. _findings],
            FindingsInAll = _listed,
            TroubleInAll = _trouble,
            Warnings = [.. Warnings(warning)],
        };
    }

    private ServerSummary? SummaryOf(Endpoint server)
    {
        if (_servers.TryGetValue(server, out ServerSummary? summary))
        {
            return summary;
        }

        return _servers.Count >= MostServers ? null : _servers[server] = new ServerSummary(server);
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

        if (_untimed > 0)
        {
            yield return $"{Count(_untimed)} frames carry no time stamp (Simple Packet Blocks): idle ages are not known.";
        }

        if (_truncated > 0)
        {
            yield return $"{Count(_truncated)} packets were captured in part only (tcpdump: -s 0 captures them whole): what was cut off is not known.";
        }

        if (_withGaps > 0)
        {
            yield return $"{Count(_withGaps)} connections show gaps: packets are missing from this capture, and not every missing packet shows.";
        }

        if (_withHiddenStreams > 0)
        {
            yield return $"{Count(_withHiddenStreams)} connections offer HTTP/2 under TLS: their streams cannot be told apart. What waits for an answer counts as one request, and whether a stream was open at a close is unknown.";
        }

        if (_unlistedServers > 0)
        {
            yield return $"{Count(_unlistedServers)} verdicts of servers beyond the first {Count(MostServers)} are counted, but not listed.";
        }
    }

    private static string Count(long count) => count.ToString(CultureInfo.InvariantCulture);
}
