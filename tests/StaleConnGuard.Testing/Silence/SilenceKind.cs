namespace StaleConnGuard.Testing;

/// <summary>How something on the way forgets a flow.</summary>
public enum SilenceKind
{
    /// <summary>Packets are dropped in both directions.</summary>
    BothWays,

    /// <summary>Packets to the server are dropped; what it sends would arrive.</summary>
    ToServer,

    /// <summary>Packets to the client are dropped: the server gets the request, and nobody learns of it.</summary>
    ToClient,

    /// <summary>Only acknowledgements without data still pass to the server.</summary>
    AllButAcks,

    /// <summary>A balancer that has forgotten the flow answers with a reset.</summary>
    Reset,
}
