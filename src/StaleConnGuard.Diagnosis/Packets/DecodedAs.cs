namespace StaleConnGuard.Diagnosis;

/// <summary>What a frame was found to be.</summary>
internal enum DecodedAs
{
    /// <summary>A TCP segment.</summary>
    Tcp,

    /// <summary>Something else, which is none of our business.</summary>
    Other,

    /// <summary>A piece of an IP packet: what it carries is not known.</summary>
    Fragment,

    /// <summary>Too little of it was captured to read its TCP header.</summary>
    Truncated,

    /// <summary>Its headers contradict themselves.</summary>
    Malformed,

    /// <summary>A kind of network that is not read here.</summary>
    UnknownLinkType,
}
