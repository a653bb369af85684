namespace StaleConnGuard.Testing;

/// <summary>How a <see cref="ScriptedHttp2Server"/> ends a connection.</summary>
public enum Http2End
{
    /// <summary>It goes on.</summary>
    None,

    /// <summary>A FIN and nothing else, as a layer-4 balancer ends it.</summary>
    Fin,

    /// <summary>GOAWAY that promises nothing (last stream id 2^31-1), then FIN.</summary>
    GoAwayOfAll,

    /// <summary>GOAWAY with the last stream that was executed, then FIN.</summary>
    GoAwayHonest,

    /// <summary>Half a frame, then FIN.</summary>
    HalfFrame,

    /// <summary>A reset.</summary>
    Reset,
}
