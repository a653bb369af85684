namespace StaleConnGuard.Diagnosis;

/// <summary>One verdict with the evidence beside it. Immutable.</summary>
internal sealed record Finding
{
    public required Judgement Judgement { get; init; }

    public required Endpoint Client { get; init; }

    public required Endpoint Server { get; init; }

    public required string Protocol { get; init; }

    public bool IsTls => Protocol.StartsWith(TlsConversation.Name, StringComparison.Ordinal);

    /// <summary>What the guard decides about such a request, with default options; null where the capture does not show what it asks for.</summary>
    public ReplayDecision? GuardDecision { get; init; }

    /// <summary>When the connection, or the request, met its end. Nanoseconds since 1970.</summary>
    public required long Time { get; init; }

    /// <summary>The request; null when none was outstanding.</summary>
    public RequestFacts? Request { get; init; }

    /// <summary>The end by the server, or by the client where that came first; null when there is none.</summary>
    public StreamEnd? End { get; init; }

    /// <summary>Whether that end was a reset.</summary>
    public bool IsReset { get; init; }

    /// <summary>The idle age when the server or the client closed; null when not known.</summary>
    public TimeSpan? IdleAtEnd { get; init; }

    /// <summary>The idle age when the request left; null when not known.</summary>
    public TimeSpan? IdleAtRequest { get; init; }

    /// <summary>Requests on the connection, this one included; at least so many when the capture began later than the connection.</summary>
    public required int Requests { get; init; }

    public required bool FromTheBeginning { get; init; }

    /// <summary>By the handshake, from the place of the capture to the server and back; null when no whole handshake was captured.</summary>
    public TimeSpan? ToServer { get; init; }

    /// <summary>From the place of the capture to the client and back.</summary>
    public TimeSpan? ToClient { get; init; }

    /// <summary>The last packets of the connection; empty where nobody looks at them.</summary>
    public IReadOnlyList<PacketMark> Packets { get; init; } = [];

    /// <summary>Whether a request went wrong, or may have.</summary>
    public bool IsTrouble => Judgement.Verdict is not (Verdict.Unknown or Verdict.Open or Verdict.Clean or Verdict.ClosedIdleByServer or Verdict.ClosedIdleByClient);

    /// <summary>Whether the server ended an idle connection, with or without a request under way.</summary>
    public bool IsIdleCloseByServer => Judgement is { Verdict: Verdict.ClosedIdleByServer or Verdict.SentAfterFin }
        or { Verdict: Verdict.LostInFlight, Reason: not Reason.AboveGoAway };
}
