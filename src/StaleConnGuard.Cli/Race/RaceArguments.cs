namespace StaleConnGuard.Cli;

/// <summary>What <c>staleconn race</c> was asked for.</summary>
/// <param name="Server">The real server to race, or null for the embedded one.</param>
/// <param name="Idle">The server's idle timeout, or null: measured on a real server, one second for the embedded one.</param>
/// <param name="Delay">The delay of the link, each way, in front of the embedded server.</param>
/// <param name="Relay">Whether to use a relay even if a link of real packets could be had.</param>
/// <param name="Dying">How many percent of the requests the embedded server executes and then dies on.</param>
/// <param name="Workers">How many workers each entry has.</param>
/// <param name="Requests">How many aimed requests each entry sends.</param>
/// <param name="Seed">The seed of all that is drawn.</param>
/// <param name="Capture">Where the packets are written to; null for nowhere.</param>
/// <param name="Svg">Where a picture of the output is written to; null for nowhere.</param>
/// <param name="Json">Whether the result is for a machine.</param>
internal sealed record RaceArguments(
    Uri? Server, TimeSpan? Idle, TimeSpan Delay, bool Relay, int Dying, int Workers, int Requests, int Seed, string? Capture, string? Svg, bool Json);
