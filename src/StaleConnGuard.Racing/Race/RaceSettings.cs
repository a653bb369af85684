namespace StaleConnGuard.Racing;

/// <summary>How a race is run.</summary>
/// <param name="Aim">The idle ages at which requests leave.</param>
public sealed record RaceSettings(AimWindow Aim)
{
    /// <summary>Gets how many workers each entry has. Each has a client, and so a pooled connection, of its own.</summary>
    public int Workers { get; init; } = 16;

    /// <summary>Gets how many aimed requests each entry sends, over all its workers.</summary>
    public int Requests { get; init; } = 320;

    /// <summary>Gets which share of the requests is aimed, from 0 to 1; the others leave at harmless ages. All of them are counted.</summary>
    public double AimedShare { get; init; } = 1;

    /// <summary>Gets the idle ages at which the requests leave that are not aimed.</summary>
    public AimWindow HarmlessAges { get; init; } = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(250));

    /// <summary>Gets the seed of the idle ages. The workers of all entries draw the same ages.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Gets what is changed on each worker's handler before its contender builds on it; to trust a certificate, for example.</summary>
    public Action<SocketsHttpHandler>? Configure { get; init; }
}
