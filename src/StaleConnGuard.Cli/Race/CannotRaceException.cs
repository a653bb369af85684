namespace StaleConnGuard.Cli;

/// <summary>There can be no race; the message says why, in one line.</summary>
internal sealed class CannotRaceException(string message) : Exception(message);
