namespace StaleConnGuard.Diagnosis;

/// <summary>The rule that gave a <see cref="Verdict"/>.</summary>
internal enum Reason
{
    /// <summary>No rule fits.</summary>
    NoRule,

    /// <summary>Packets of one direction only.</summary>
    OneDirectionOnly,

    /// <summary>Bytes of the server are missing: an answer may be among them.</summary>
    HoleInServerStream,

    /// <summary>Bytes of the client are missing just there.</summary>
    HoleInClientStream,

    /// <summary>The client did not wait for answers, and where one of them ends was not captured.</summary>
    AnswersNotTold,

    /// <summary>It cannot be told which side is the client.</summary>
    NoDirection,

    /// <summary>Not HTTP, or not to be recognised from where the capture begins.</summary>
    NotRead,

    /// <summary>No byte was exchanged while it was captured.</summary>
    NothingSeen,

    /// <summary>The frames carry no time stamps, so that idle ages are not known.</summary>
    NoTimes,

    /// <summary>More connections at once than are followed.</summary>
    TooMany,

    /// <summary>A reset that none of the known causes explains.</summary>
    ResetUnexplained,

    /// <summary>The FIN acknowledges nothing of the request.</summary>
    FinBeforeRequest,

    /// <summary>The reset acknowledges nothing of the request, and was not an answer to it.</summary>
    ResetCrossedRequest,

    /// <summary>GOAWAY names a lower last stream.</summary>
    AboveGoAway,

    /// <summary>The request's own packet acknowledges the FIN.</summary>
    FinAcknowledgedByRequest,

    /// <summary>The FIN acknowledges bytes of the request.</summary>
    FinAfterRequest,

    /// <summary>The reset, or a packet before it, acknowledges bytes of the request.</summary>
    ResetAfterAcknowledgment,

    /// <summary>A reset without an ACK number that takes up the request's own: the answer of a machine that has no such connection.</summary>
    ResetAnswersRequest,

    /// <summary>The SYN, or the first bytes, were answered with a reset.</summary>
    ResetOfNewConnection,

    /// <summary>Three times sent at least, and nothing came back.</summary>
    NothingAcknowledged,

    /// <summary>The response is shorter than it said.</summary>
    ResponseIncomplete,

    /// <summary>The client's FIN or reset came first.</summary>
    ClientEndedFirst,

    /// <summary>Nothing was outstanding.</summary>
    NothingOutstanding,

    /// <summary>Neither side ended it.</summary>
    NotEnded,
}
