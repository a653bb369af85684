namespace StaleConnGuard.Cli;

/// <summary>What one connection showed.</summary>
/// <param name="Asked">Whether the request carried <c>Connection: keep-alive</c>.</param>
/// <param name="Response">Its response.</param>
/// <param name="Idle">What became of it after.</param>
internal sealed record ConnectionFinding(bool Asked, ProbeResponse Response, IdleFinding Idle);
