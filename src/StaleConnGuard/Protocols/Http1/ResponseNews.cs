namespace StaleConnGuard.Protocols.Http1;

/// <summary>What some bytes of a response told that was not known before.</summary>
/// <param name="Status">The final status, 101 included; null when it is not in these bytes.</param>
/// <param name="HeadHasEnded">The final response's header is complete.</param>
internal readonly record struct ResponseNews(int? Status, bool HeadHasEnded);
