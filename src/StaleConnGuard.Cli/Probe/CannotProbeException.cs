namespace StaleConnGuard.Cli;

/// <summary>There is nothing to measure; the message says why, in one line.</summary>
internal sealed class CannotProbeException(string message, Exception? innerException = null) : Exception(message.ReplaceLineEndings(" "), innerException);
