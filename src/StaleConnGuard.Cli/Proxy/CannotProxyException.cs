namespace StaleConnGuard.Cli;

/// <summary>There can be no proxy; the message says why, in one line.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="exitCode">What the command ends with.</param>
internal sealed class CannotProxyException(string message, int exitCode) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
