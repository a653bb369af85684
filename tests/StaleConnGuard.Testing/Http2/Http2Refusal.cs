namespace StaleConnGuard.Testing;

/// <summary>How a <see cref="ScriptedHttp2Server"/> says that it has not processed a request.</summary>
public enum Http2Refusal
{
    /// <summary>It processes it.</summary>
    None,

    /// <summary>RST_STREAM with REFUSED_STREAM (RFC 9113 8.7); the connection goes on.</summary>
    RefusedStream,

    /// <summary>GOAWAY that names a lower stream (RFC 9113 6.8); what is open is answered, and the client closes.</summary>
    GoAwayBelow,
}
