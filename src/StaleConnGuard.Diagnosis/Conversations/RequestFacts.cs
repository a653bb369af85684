namespace StaleConnGuard.Diagnosis;

/// <summary>What a capture shows of one request. Changes while the capture is read.</summary>
internal sealed class RequestFacts
{
    /// <summary>Where its first byte was captured.</summary>
    public required long Frame { get; init; }

    public required long Time { get; init; }

    /// <summary>The place of its first byte in the client's stream; where it is not known exactly, a place before it.</summary>
    public required long Start { get; init; }

    /// <summary>Whether bytes just before it were not captured, which may be its own.</summary>
    public bool StartIsUncertain { get; init; }

    /// <summary>How much of the server's stream the client had got when it sent the first byte.</summary>
    public required long AcknowledgedBySender { get; init; }

    /// <summary>Counted from 1 on its connection, or on what was captured of it.</summary>
    public required int Ordinal { get; init; }

    /// <summary>How many requests before it still waited for their answers when it was sent: on HTTP/2, or of a client that pipelines.</summary>
    public int Ahead { get; init; }

    /// <summary>When the last byte before it came by; null when none was seen, or when the connection was not idle because others waited.</summary>
    public required long? IdleSince { get; init; }

    public string? Method { get; init; }

    /// <summary>Without the query.</summary>
    public string? Path { get; init; }

    /// <summary>Of HTTP/2; 0 otherwise.</summary>
    public int StreamId { get; init; }

    /// <summary>Where it ends, as far as it was sent.</summary>
    public long End { get; set; }

    /// <summary>How often its first byte was sent.</summary>
    public int Transmissions { get; set; } = 1;

    public long LastSent { get; set; }

    /// <summary>The frame in which the server first acknowledged a byte of it.</summary>
    public long? AcknowledgedIn { get; set; }

    /// <summary>The frame of the first byte of a response.</summary>
    public long? ResponseFrame { get; set; }

    public int? Status { get; set; }

    /// <summary>Whether the response came to its end; null when that cannot be told.</summary>
    public bool? IsResponseComplete { get; set; } = false;

    /// <summary>Bytes of the server that were not captured may have been its answer.</summary>
    public bool MayBeAnswered { get; set; }

    /// <summary>Whether answers that came may be its own or those of requests before it: where one of them ended was not captured.</summary>
    public bool AnswerIsUncertain { get; set; }

    public bool IsAnswered => ResponseFrame is not null && IsResponseComplete is not false;
}
