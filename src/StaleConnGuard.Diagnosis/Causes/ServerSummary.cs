namespace StaleConnGuard.Diagnosis;

/// <summary>What a capture shows of one server: verdicts, the idle ages at which it closes, and how long its clients keep connections. Bounded.</summary>
internal sealed class ServerSummary(Endpoint server)
{
    private const int MostAges = 4096;

    private readonly Dictionary<Verdict, long> _verdicts = [];
    private readonly Dictionary<string, long> _lostMethods = new(StringComparer.Ordinal);
    private readonly List<TimeSpan> _closes = [];
    private bool _hasResets;

    public Endpoint Server { get; } = server;

    public IReadOnlyDictionary<Verdict, long> Verdicts => _verdicts;

    /// <summary>Methods of the requests that were lost to a close, and how often; without the unreadable.</summary>
    public IReadOnlyDictionary<string, long> LostMethods => _lostMethods;

    /// <summary>The idle ages at which the server closed, in order of size; the first some thousand.</summary>
    public IReadOnlyList<TimeSpan> Closes => _closes;

    /// <summary>Whether it ends idle connections with a reset.</summary>
    public bool HasResets => _hasResets;

    /// <summary>The longest idle age at which a client sent, or still held, a connection; null when none was seen.</summary>
    public TimeSpan? LongestKept { get; private set; }

    /// <summary>The longest idle age at which a request found its connection forgotten, and the shortest; null when none did.</summary>
    public TimeSpan? ShortestForgotten { get; private set; }

    public long Of(Verdict verdict) => _verdicts.GetValueOrDefault(verdict);

    public long Lost => Of(Verdict.LostInFlight) + Of(Verdict.SentAfterFin);

    public void Add(Finding finding)
    {
        Verdict verdict = finding.Judgement.Verdict;
        _verdicts[verdict] = Of(verdict) + 1;
        if (finding.IsIdleCloseByServer && finding.IdleAtEnd is { } age && age >= ConnectionVerdict.ShortestIdleAge)
        {
            _hasResets |= finding.IsReset;
            if (_closes.Count < MostAges)
            {
                int at = _closes.BinarySearch(age);
                _closes.Insert(at < 0 ? ~at : at, age);
            }
        }

        if (finding.Request is not null && verdict is Verdict.ResetForgotten or Verdict.SilentDrop && finding.IdleAtRequest is { } forgotten)
        {
            ShortestForgotten = ShortestForgotten is { } shortest && shortest < forgotten ? shortest : forgotten;
        }

        TimeSpan? kept = finding.IdleAtRequest ?? finding.IdleAtEnd;
        if (kept is { } held && (LongestKept is null || held > LongestKept))
        {
            LongestKept = held;
        }

        if (verdict is Verdict.LostInFlight or Verdict.SentAfterFin && finding.Request?.Method is { } method && _lostMethods.Count < 32)
        {
            _lostMethods[method] = _lostMethods.GetValueOrDefault(method) + 1;
        }
    }
}
