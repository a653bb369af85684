namespace StaleConnGuard.Diagnosis;

/// <summary>What was given is no capture; the message says why, in one line.</summary>
internal sealed class NotACaptureException(string message) : Exception(message);
