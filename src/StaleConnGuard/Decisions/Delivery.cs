namespace StaleConnGuard;

/// <summary>What is known of the bytes of a request that got no answer.</summary>
public enum Delivery
{
    /// <summary>Not one byte was handed to the operating system. The server cannot have seen the request.</summary>
    NotSent,

    /// <summary>
    /// Bytes were handed to the operating system, and the kernel's own count shows that the server's side acknowledged
    /// none of them before it closed. The server cannot have seen the request. Linux only.
    /// </summary>
    ProvenUndelivered,

    /// <summary>Bytes left, and nothing is known of their fate. The server may have executed the request.</summary>
    Unknown,

    /// <summary>At least one byte of a response arrived (interim responses count). The server has seen the request.</summary>
    ResponseStarted,
}
