namespace StaleConnGuard.Diagnosis;

/// <summary>What became of a connection on which nothing was outstanding. Pure: facts in, verdict out.</summary>
internal static class ConnectionVerdict
{
    /// <summary>Closed sooner than this after the last byte, a connection was not idle: it was never meant to be kept. As <c>staleconn probe</c> sees it.</summary>
    public static readonly TimeSpan ShortestIdleAge = TimeSpan.FromMilliseconds(90);

    private const int SynsOfSilence = 3;

    public static Judgement Judge(ConnectionFacts connection)
    {
        if (!connection.HasDirection)
        {
            return new(Verdict.Unknown, Reason.NoDirection);
        }

        if (connection.FromTheBeginning && !connection.IsEstablished)
        {
            return JudgeConnect(connection);
        }

        if (!connection.HasBothDirections)
        {
            return new(Verdict.Unknown, Reason.OneDirectionOnly);
        }

        if ((connection.IsClientFirst ? connection.ClientEnd : connection.ServerEnd) is not { } end)
        {
            return new(Verdict.Open, Reason.NotEnded);
        }

        if (!connection.HasTimes)
        {
            return new(Verdict.Unknown, Reason.NoTimes);
        }

        if (connection.LastActivity is not { } last)
        {
            return connection.FromTheBeginning ? new(Verdict.Clean, Reason.NothingSeen) : new(Verdict.Unknown, Reason.NothingSeen);
        }

        if (!connection.IsRead)
        {
            return new(Verdict.Unknown, Reason.NotRead);
        }

        if (connection.ServerHoleUntil > 0 || connection.HasClientHole)
        {
            return new(Verdict.Unknown, connection.ServerHoleUntil > 0 ? Reason.HoleInServerStream : Reason.HoleInClientStream);
        }

        if (end.Time - last < ShortestIdleAge.TotalNanoseconds)
        {
            return new(Verdict.Clean, Reason.NothingOutstanding);
        }

        return connection.IsClientFirst
            ? new(Verdict.ClosedIdleByClient, Reason.NothingOutstanding)
            : new(Verdict.ClosedIdleByServer, Reason.NothingOutstanding);
    }

    private static Judgement JudgeConnect(ConnectionFacts connection)
    {
        if (connection.ServerReset is not null)
        {
            return new(Verdict.ResetByListener, Reason.ResetOfNewConnection, Delivery.NotSent);
        }

        if (connection.HasBothDirections)
        {
            return new(Verdict.Unknown, Reason.NoRule);
        }

        return connection.Syns >= SynsOfSilence
            ? new(Verdict.SilentDrop, Reason.NothingAcknowledged, Delivery.NotSent)
            : new(Verdict.Unknown, Reason.OneDirectionOnly);
    }
}
