namespace StaleConnGuard.Diagnosis;

/// <summary>What comes next of an HTTP/1.1 message.</summary>
internal enum MessagePart
{
    /// <summary>Its request or status line.</summary>
    StartLine,

    /// <summary>A header, or the empty line behind the last.</summary>
    Headers,

    /// <summary>A body of a length that was told.</summary>
    FixedBody,

    /// <summary>The size of a chunk.</summary>
    ChunkSize,

    /// <summary>A chunk.</summary>
    ChunkData,

    /// <summary>The line end behind a chunk.</summary>
    ChunkEnd,

    /// <summary>A trailer, or the empty line behind the last.</summary>
    Trailer,

    /// <summary>A body that ends with the connection.</summary>
    UntilClose,

    /// <summary>Nothing: it is whole.</summary>
    Done,

    /// <summary>The bytes that would tell were not captured, or make no sense.</summary>
    Unknown,
}
