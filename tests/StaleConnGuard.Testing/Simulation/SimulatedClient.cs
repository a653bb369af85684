namespace StaleConnGuard.Testing;

/// <summary>Who decides at which idle age a connection may still be taken.</summary>
public enum SimulatedClient
{
    /// <summary>The guard, where TCP_INFO tells when a connection was closed and whether it is still open, as on Linux.</summary>
    Guard,

    /// <summary>The guard where the socket can only be polled: a close is dated by when it was found.</summary>
    GuardWithoutTcpInfo,

    /// <summary>The guard with a margin of nothing: to show that the models are sharp.</summary>
    GuardWithoutMargin,

    /// <summary>Knows the server's shortest timeout at every moment and takes connections until a round trip before it; learns nothing.</summary>
    Oracle,

    /// <summary>The same with the whole margin.</summary>
    OracleWithMargin,

    /// <summary>No guard: takes whatever is not known to be closed.</summary>
    Plain,
}
