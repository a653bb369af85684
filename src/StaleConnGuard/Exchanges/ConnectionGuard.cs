using System.Net;

namespace StaleConnGuard.Exchanges;

/// <summary>
/// What the connections of one handler share, whichever clients use it: clock, ledger, listeners. Made with the handler, outlives no connection of it.
/// </summary>
internal sealed class ConnectionGuard
{
    private readonly Lock _firstSend = new();
    private volatile Action? _beforeFirstSend;

    /// <param name="ledger">Learns from the connections.</param>
    /// <param name="time">The clock of idle ages.</param>
    /// <param name="listeners">Who else is told what happens.</param>
    public ConnectionGuard(KeepAliveLedger ledger, TimeProvider time, params IGuardEvents[] listeners)
    {
        Ledger = ledger;
        Time = time;

        // The ledger learns first, so that whoever is told of an end and asks what is known now hears what it taught.
        Events = new GuardEvents([new TimeoutLearning(new GuardEvents(listeners)), .. listeners]);
        Contract = new RuntimeContract(Events);
    }

    public KeepAliveLedger Ledger { get; }

    public TimeProvider Time { get; }

    /// <summary>Told what happens to connections and exchanges.</summary>
    public GuardEvents Events { get; }

    /// <summary>What the runtime is relied on for, and whether it was seen to do otherwise.</summary>
    public RuntimeContract Contract { get; }

    /// <summary>Those connections that carry several requests at once.</summary>
    public SharedConnections Shared { get; } = new();

    /// <summary>How many of the machine's ports closed connections may still hold.</summary>
    public EphemeralPorts Ports { get; init; } = EphemeralPorts.OfSystem;

    /// <summary>The runtime has credentials: it may answer a challenge by sending a request again.</summary>
    public bool AnswersChallenges { get; set; }

    /// <summary>
    /// A connection was made on a stream whose socket is hidden: then a tunnel of the same flow could be taken for it, or another tunnel for that one, so none is
    /// tied to its transport any more.
    /// </summary>
    public bool HasHiddenTransports { get; set; }

    /// <summary>Finds the addresses of a name; null for the system's resolver.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>>? ResolveName { get; init; }

    /// <summary>Who is asked about the sockets: the kernel, or in tests one that answers as that of another system.</summary>
    public ITcpProbe Probe { get; init; } = KernelProbe.Instance;

    /// <summary>The options' limit for establishing a connection, where it is in force on the handler; null where the application has set its own.</summary>
    public TimeSpan? ConnectTimeout { get; set; }

    /// <summary>What is to be done on the handler before the first request is sent through it, and not before.</summary>
    public void BeforeFirstSend(Action action) => _beforeFirstSend = action;

    /// <summary>Called before each request is sent: requests that come while the first is at it wait.</summary>
    public void OnSending()
    {
        if (_beforeFirstSend is not null)
        {
            RunBeforeFirstSend();
        }
    }

    private void RunBeforeFirstSend()
    {
        lock (_firstSend)
        {
            _beforeFirstSend?.Invoke();
            _beforeFirstSend = null;
        }
    }
}
