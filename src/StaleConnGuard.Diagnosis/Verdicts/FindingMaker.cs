namespace StaleConnGuard.Diagnosis;

/// <summary>Puts the evidence beside a verdict.</summary>
internal static class FindingMaker
{
    public static Finding Make(TcpConnection connection, ConnectionFacts facts, Judgement judgement, RequestFacts? request)
    {
        bool isByClient = judgement.Verdict is Verdict.ClosedIdleByClient or Verdict.GivenUpByClient
            || (facts.ServerEnd is null && facts.ClientEnd is not null)
            || (judgement.Verdict is Verdict.Clean && facts.IsClientFirst);
        StreamEnd? end = isByClient ? facts.ClientEnd : facts.ServerEnd;
        long? idleSince = request is null ? facts.LastActivity : request.IdleSince;
        var finding = new Finding
        {
            Judgement = judgement,
            Client = connection.Client,
            Server = connection.Server,
            Protocol = connection.Protocol,
            Time = end?.Time ?? request?.LastSent ?? connection.LastTime,
            Request = request,
            GuardDecision = request is null ? null : CaptureEvidence.Decide(judgement, facts, request),
            End = end,
            IsReset = end is not null && (isByClient ? facts.IsClientReset : ReferenceEquals(end, facts.ServerReset)),
            IdleAtEnd = facts.HasTimes ? Age(idleSince, end?.Time) : null,
            IdleAtRequest = request is null || !facts.HasTimes ? null : Age(request.IdleSince, request.Time),
            Requests = connection.Requests,
            FromTheBeginning = facts.FromTheBeginning,
            ToServer = facts.HasTimes ? ToTimeSpan(connection.Handshake.ToServer) : null,
            ToClient = facts.HasTimes ? ToTimeSpan(connection.Handshake.ToClient) : null,
        };
        return finding.IsTrouble ? finding with { Packets = connection.RecentPackets() } : finding;
    }

    private static TimeSpan? ToTimeSpan(long? nanoseconds) => nanoseconds is { } known ? Nanoseconds.ToTimeSpan(known) : null;

    private static TimeSpan? Age(long? since, long? until) => since is { } from && until is { } to && to >= from ? Nanoseconds.ToTimeSpan(to - from) : null;
}
