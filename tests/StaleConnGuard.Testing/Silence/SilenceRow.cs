namespace StaleConnGuard.Testing;

/// <summary>One kind of request against one kind of silence, with the plain client and with the guard.</summary>
public sealed record SilenceRow(string Protocol, SilenceKind Kind, string Method, IReadOnlyList<SilenceOutcome> Plain, IReadOnlyList<SilenceOutcome> Guarded);
