namespace StaleConnGuard.Diagnosis;

/// <summary>When the three packets of a handshake came by: how far the capture stands from either side. A side that had to send again tells nothing.</summary>
internal sealed class HandshakeTimes
{
    private long? _syn;
    private long? _synAck;
    private bool _isSpoilt;

    /// <summary>From the SYN to its answer: there and back to the server. Nanoseconds; null when not known.</summary>
    public long? ToServer { get; private set; }

    /// <summary>From that answer to the client's ACK: there and back to the client.</summary>
    public long? ToClient { get; private set; }

    public void OnSyn(long time)
    {
        _isSpoilt |= _syn is not null;
        _syn = time;
    }

    public void OnSynAck(long time, bool hasTime)
    {
        _isSpoilt |= _synAck is not null || !hasTime;
        _synAck = time;
    }

    public void OnClientAck(long time)
    {
        if (_isSpoilt || ToClient is not null || _syn is not { } syn || _synAck is not { } synAck || synAck < syn || time < synAck)
        {
            return;
        }

        ToServer = synAck - syn;
        ToClient = time - synAck;
    }
}
