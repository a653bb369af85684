namespace StaleConnGuard.Diagnosis;

/// <summary>What the capture shows of one connection when it is judged. Immutable.</summary>
internal sealed record ConnectionFacts
{
    /// <summary>Whether it is known which side is the client.</summary>
    public required bool HasDirection { get; init; }

    /// <summary>Whether its protocol is one that is read.</summary>
    public required bool IsRead { get; init; }

    /// <summary>Whether packets of both sides were captured.</summary>
    public required bool HasBothDirections { get; init; }

    public required StreamEnd? ServerFin { get; init; }

    public required StreamEnd? ServerReset { get; init; }

    public required StreamEnd? ClientEnd { get; init; }

    public required bool IsClientReset { get; init; }

    /// <summary>Where the last bytes of the server that were not captured end; 0 when all were, the largest number when the end is not known.</summary>
    public required long ServerHoleUntil { get; init; }

    public required bool HasClientHole { get; init; }

    /// <summary>How much of the client's stream the server acknowledged, in any packet.</summary>
    public required long AcknowledgedByServer { get; init; }

    /// <summary>Whether the server ever sent a byte.</summary>
    public required bool HasServerData { get; init; }

    /// <summary>Whether the connection's first packet was captured.</summary>
    public required bool FromTheBeginning { get; init; }

    /// <summary>Whether the SYN was answered.</summary>
    public required bool IsEstablished { get; init; }

    /// <summary>How often the client sent its SYN.</summary>
    public required int Syns { get; init; }

    /// <summary>The last packet of the server.</summary>
    public required long LastServerFrame { get; init; }

    /// <summary>Whether the capture says when.</summary>
    public required bool HasTimes { get; init; }

    /// <summary>When the last byte that counts as activity came by; null when none did.</summary>
    public required long? LastActivity { get; init; }

    /// <summary>The last stream that the server said it would process; null without HTTP/2 or GOAWAY.</summary>
    public required int? LastStreamTaken { get; init; }

    /// <summary>
    /// Whether the client ended the connection by itself. Told by numbers where they tell: a server whose FIN acknowledges the client's has answered it; one whose
    /// FIN does not has closed by itself, though on TLS the client may see its goodbye and close before that FIN comes by.
    /// </summary>
    public bool IsClientFirst => (ClientEnd, ServerEnd) switch
    {
        (null, _) => false,
        (_, null) => true,
        ({ } client, { } server) when IsClientReset || ReferenceEquals(server, ServerReset) || server.Acknowledged is null => client.Frame < server.Frame,
        ({ } client, { } server) => server.Acknowledged > client.Offset,
    };

    public StreamEnd? ServerEnd => ServerFin is null || ServerReset?.Frame < ServerFin.Frame ? ServerReset ?? ServerFin : ServerFin;
}
