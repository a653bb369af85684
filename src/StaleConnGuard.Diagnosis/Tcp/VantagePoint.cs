namespace StaleConnGuard.Diagnosis;

/// <summary>Where a capture was made.</summary>
internal enum VantagePoint
{
    /// <summary>No handshake tells.</summary>
    Unknown,

    /// <summary>Client and server are one machine, or as good as.</summary>
    SameMachine,

    /// <summary>At the client.</summary>
    Client,

    /// <summary>At the server.</summary>
    Server,

    /// <summary>On the way.</summary>
    InBetween,

    /// <summary>Not the same for all servers: at a gateway, for one.</summary>
    Several,
}

/// <summary>Tells from handshakes where a capture was made: at the client the SYN waits long for its answer, at the server the answer waits for the ACK.</summary>
/// <param name="most">How many handshakes are looked at.</param>
internal sealed class VantagePointFinder(int most)
{
    private const double NearTheOne = 0.2;
    private static readonly TimeSpan s_oneMachine = TimeSpan.FromMicroseconds(300);

    private readonly List<(long Total, double ToServer)> _shares = [];

    public void Add(HandshakeTimes times)
    {
        if (times is { ToServer: { } toServer, ToClient: { } toClient } && _shares.Count < most)
        {
            long total = toServer + toClient;
            _shares.Add((total, total == 0 ? 0.5 : (double)toServer / total));
        }
    }

    /// <summary>The one place of a capture, if it is one.</summary>
    /// <param name="ofServers">What each server's connections say.</param>
    /// <param name="ofAll">What all of them together say.</param>
    public static VantagePoint Of(IReadOnlyCollection<VantagePoint> ofServers, VantagePoint ofAll)
    {
        VantagePoint[] told = [.. ofServers.Where(point => point is VantagePoint.Client or VantagePoint.Server or VantagePoint.InBetween).Distinct()];
        return told.Length > 1 ? VantagePoint.Several : told.Length == 1 ? told[0] : ofAll;
    }

    public VantagePoint Find()
    {
        if (_shares.Count == 0)
        {
            return VantagePoint.Unknown;
        }

        long total = _shares.Select(share => share.Total).Order().ElementAt(_shares.Count / 2);
        if (total < s_oneMachine.TotalNanoseconds)
        {
            return VantagePoint.SameMachine;
        }

        double median = _shares.Select(share => share.ToServer).Order().ElementAt(_shares.Count / 2);
        return median switch
        {
            >= 1 - NearTheOne => VantagePoint.Client,
            <= NearTheOne => VantagePoint.Server,
            _ => VantagePoint.InBetween,
        };
    }
}
