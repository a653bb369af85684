namespace StaleConnGuard.Diagnosis;

/// <summary>What a capture shows of one server: verdicts, the idle ages at which either side closes, and how long its clients keep connections. Bounded.</summary>
internal sealed class ServerSummary(Endpoint server)
{
    private const int MostAges = 4096;
    private const int MostHandshakes = 101;
    private const int MostMethods = 32;

    private readonly Dictionary<Verdict, long> _verdicts = [];
    private readonly Dictionary<string, long> _lostMethods = new(StringComparer.Ordinal);
    private readonly List<IdleClose> _closes = [];
    private readonly List<IdleClose> _clientCloses = [];

    public Endpoint Server { get; } = server;

    /// <summary>Where its connections were captured.</summary>
    public VantagePointFinder VantagePoint { get; } = new(MostHandshakes);

    public IReadOnlyDictionary<Verdict, long> Verdicts => _verdicts;

    /// <summary>Methods of the requests that were lost to a close, and how often; without the unreadable.</summary>
    public IReadOnlyDictionary<string, long> LostMethods => _lostMethods;

    /// <summary>The server's closes of idle connections, in their order; the first some thousand.</summary>
    public IReadOnlyList<IdleClose> Closes => _closes;

    /// <summary>The client's closes of idle connections, in their order; the first some thousand.</summary>
    public IReadOnlyList<IdleClose> ClientCloses => _clientCloses;

    /// <summary>Whether TLS is spoken there.</summary>
    public bool IsTls { get; private set; }

    /// <summary>Whether the server ends idle connections with a reset.</summary>
    public bool HasResets { get; private set; }

    /// <summary>The longest idle age at which a client sent, or still held, a connection; null when none was seen.</summary>
    public TimeSpan? LongestKept { get; private set; }

    /// <summary>The shortest idle age at which a request found its connection forgotten; null when none did.</summary>
    public TimeSpan? ShortestForgotten { get; private set; }

    /// <summary>Requests that the server said it had not taken (GOAWAY): lost to no timeout.</summary>
    public long AboveGoAway { get; private set; }

    /// <summary>Requests that were lost to a close, proven or not.</summary>
    public long Lost => Of(Verdict.LostInFlight) + Of(Verdict.SentAfterFin) - AboveGoAway;

    public long Of(Verdict verdict) => _verdicts.GetValueOrDefault(verdict);

    public void Add(Finding finding)
    {
        Verdict verdict = finding.Judgement.Verdict;
        _verdicts[verdict] = Of(verdict) + 1;
        IsTls |= finding.IsTls;
        AboveGoAway += finding.Judgement.Reason is Reason.AboveGoAway ? 1 : 0;
        if (finding.IdleAtEnd is { } age && age >= ConnectionVerdict.ShortestIdleAge)
        {
            AddClose(finding, age);
        }

        if (finding.Request is not null && verdict is Verdict.ResetForgotten or Verdict.SilentDrop && finding.IdleAtRequest is { } forgotten)
        {
            ShortestForgotten = ShortestForgotten is { } shortest && shortest < forgotten ? shortest : forgotten;
        }

        if ((finding.IdleAtRequest ?? finding.IdleAtEnd) is { } held && (LongestKept is null || held > LongestKept))
        {
            LongestKept = held;
        }

        if (verdict is Verdict.LostInFlight or Verdict.SentAfterFin && finding.Request?.Method is { } method && _lostMethods.Count < MostMethods)
        {
            _lostMethods[method] = _lostMethods.GetValueOrDefault(method) + 1;
        }
    }

    private void AddClose(Finding finding, TimeSpan age)
    {
        List<IdleClose>? closes = finding.IsIdleCloseByServer ? _closes : finding.Judgement.Verdict is Verdict.ClosedIdleByClient ? _clientCloses : null;
        HasResets |= finding.IsIdleCloseByServer && finding.IsReset;
        if (closes is { Count: < MostAges })
        {
            closes.Add(new IdleClose(finding.Time, age));
        }
    }
}
