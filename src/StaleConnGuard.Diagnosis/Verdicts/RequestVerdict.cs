namespace StaleConnGuard.Diagnosis;

/// <summary>What became of a request whose answer did not come to its end. Pure: facts in, verdict out.</summary>
internal static class RequestVerdict
{
    // Sent once, and again twice: one loss, or a late acknowledgment, is no silence.
    public const int TransmissionsOfSilence = 3;

    public static Judgement Judge(ConnectionFacts connection, RequestFacts request)
    {
        Judgement judgement = JudgeAlone(connection, request);

        // What was not taken was not answered; of all else the answer may have been taken for another's.
        return request.AnswerIsUncertain && judgement is { Verdict: not Verdict.Unknown, Delivery: not Delivery.ProvenUndelivered }
            ? new(Verdict.Unknown, Reason.AnswersNotTold)
            : judgement;
    }

    private static Judgement JudgeAlone(ConnectionFacts connection, RequestFacts request)
    {
        if (!connection.HasBothDirections && !IsSilent(connection, request))
        {
            return new(Verdict.Unknown, Reason.OneDirectionOnly);
        }

        if (connection.LastStreamTaken < request.StreamId && request.ResponseFrame is null)
        {
            // The peer's word, as good as a proof (RFC 9113 6.8).
            return new(Verdict.LostInFlight, Reason.AboveGoAway, Delivery.ProvenUndelivered);
        }

        // What the client had got before it sent the request is no answer to it, whether it was captured or not.
        if (connection.ServerHoleUntil > request.AcknowledgedBySender)
        {
            return new(Verdict.Unknown, Reason.HoleInServerStream);
        }

        if (request.ResponseFrame is not null)
        {
            return JudgeResponse(connection);
        }

        if (connection.ServerEnd is null)
        {
            return JudgeWithoutServerEnd(connection, request);
        }

        if (connection.IsClientFirst)
        {
            return new(Verdict.GivenUpByClient, Reason.ClientEndedFirst, Delivery.Unknown);
        }

        return connection.ServerFin is { } fin && ReferenceEquals(fin, connection.ServerEnd)
            ? JudgeFin(fin, request)
            : JudgeReset(connection, connection.ServerReset!, request);
    }

    private static Judgement JudgeFin(StreamEnd fin, RequestFacts request)
    {
        Delivery delivery = CaptureEvidence.Judge(fin, request);
        if (delivery is not Delivery.ProvenUndelivered)
        {
            return fin.Acknowledged is null || request.StartIsUncertain
                ? new(Verdict.Unknown, Reason.HoleInClientStream)
                : new(Verdict.TakenThenClosed, Reason.FinAfterRequest, Delivery.Unknown);
        }

        if (request.AcknowledgedBySender > fin.Offset)
        {
            // Without its first transmission it may have been sent before and this be the second.
            return request.StartIsUncertain
                ? new(Verdict.Unknown, Reason.HoleInClientStream)
                : new(Verdict.SentAfterFin, Reason.FinAcknowledgedByRequest, delivery);
        }

        return new(Verdict.LostInFlight, Reason.FinBeforeRequest, delivery);
    }

    private static Judgement JudgeReset(ConnectionFacts connection, StreamEnd reset, RequestFacts request)
    {
        if (connection.AcknowledgedByServer > request.Start)
        {
            return request.StartIsUncertain
                ? new(Verdict.Unknown, Reason.HoleInClientStream)
                : new(Verdict.ResetAfterTaken, Reason.ResetAfterAcknowledgment, Delivery.Unknown);
        }

        // The ACK number of a reset is in the capture but not in any kernel's books: the client cannot know what the capture shows.
        if (reset.Acknowledged is not null)
        {
            return new(Verdict.LostInFlight, Reason.ResetCrossedRequest, Delivery.Unknown);
        }

        // RFC 9293 3.5.2: the answer to a segment of no connection has that segment's ACK number as its sequence number, and no ACK.
        if (reset.Offset != request.AcknowledgedBySender)
        {
            return new(Verdict.Unknown, Reason.ResetUnexplained);
        }

        return !connection.HasServerData && connection.FromTheBeginning && request.Ordinal == 1
            ? new(Verdict.ResetByListener, Reason.ResetOfNewConnection, Delivery.Unknown)
            : new(Verdict.ResetForgotten, Reason.ResetAnswersRequest, Delivery.Unknown);
    }

    private static Judgement JudgeResponse(ConnectionFacts connection)
    {
        if (connection.ServerEnd is null)
        {
            return connection.ClientEnd is null ? new(Verdict.Open, Reason.NotEnded) : new(Verdict.GivenUpByClient, Reason.ClientEndedFirst, Delivery.ResponseStarted);
        }

        return connection.IsClientFirst
            ? new(Verdict.GivenUpByClient, Reason.ClientEndedFirst, Delivery.ResponseStarted)
            : new(Verdict.CutResponse, Reason.ResponseIncomplete, Delivery.ResponseStarted);
    }

    private static Judgement JudgeWithoutServerEnd(ConnectionFacts connection, RequestFacts request)
    {
        if (IsSilent(connection, request))
        {
            return new(Verdict.SilentDrop, Reason.NothingAcknowledged, Delivery.Unknown);
        }

        return connection.ClientEnd is null ? new(Verdict.Open, Reason.NotEnded) : new(Verdict.GivenUpByClient, Reason.ClientEndedFirst, Delivery.Unknown);
    }

    private static bool IsSilent(ConnectionFacts connection, RequestFacts request) =>
        request.Transmissions >= TransmissionsOfSilence
        && connection.HasBothDirections
        && connection.ServerEnd is null
        && connection.AcknowledgedByServer <= request.Start
        && connection.LastServerFrame < request.Frame;
}
