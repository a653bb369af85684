namespace StaleConnGuard.Cli;

/// <summary>What <c>staleconn probe</c> was asked for.</summary>
/// <param name="Address">What is requested.</param>
/// <param name="Connections">How many connections are opened, two or more.</param>
/// <param name="MaxIdle">The idle age at which a connection that is still open is given up.</param>
/// <param name="Method">The request method.</param>
/// <param name="Headers">Further request headers; one named Host replaces the usual one.</param>
/// <param name="Insecure">Whether any certificate will do.</param>
/// <param name="Json">Whether the result is for a machine.</param>
internal sealed record ProbeArguments(
    Uri Address, int Connections, TimeSpan MaxIdle, string Method, IReadOnlyList<KeyValuePair<string, string>> Headers, bool Insecure, bool Json);
