namespace StaleConnGuard.Lab;

/// <summary>What a <see cref="RaceServer"/> does to a connection that has been idle for long enough.</summary>
public enum IdleEnd
{
    /// <summary>It closes with a FIN, as servers do.</summary>
    Close,

    /// <summary>It sends a reset, as http.sys does and balancers that are told to.</summary>
    Reset,

    /// <summary>It forgets the connection without a word and answers what still comes with a reset, as some balancers do. Needs Linux and root (CAP_NET_ADMIN).</summary>
    Forget,
}
