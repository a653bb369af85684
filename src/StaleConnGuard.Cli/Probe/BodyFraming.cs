namespace StaleConnGuard.Cli;

/// <summary>How a response says where its body ends (RFC 9112 6.3).</summary>
internal enum BodyFraming
{
    /// <summary>There is none: HEAD, 204, 304.</summary>
    None,

    /// <summary>By its length.</summary>
    ContentLength,

    /// <summary>By a last chunk.</summary>
    Chunked,

    /// <summary>By the end of the connection, which therefore cannot be kept.</summary>
    UntilClose,
}
