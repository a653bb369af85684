namespace StaleConnGuard.Diagnosis;

/// <summary>What has been told of a connection while it was open, so that it is told once.</summary>
internal sealed class ToldVerdicts
{
    private List<(int Ordinal, Verdict Verdict)>? _told;

    /// <summary>False when this verdict on this request (0 for the connection) has been told.</summary>
    public bool TryAdd(int ordinal, Verdict verdict)
    {
        if (_told?.Contains((ordinal, verdict)) is true)
        {
            return false;
        }

        (_told ??= []).Add((ordinal, verdict));
        return true;
    }
}
