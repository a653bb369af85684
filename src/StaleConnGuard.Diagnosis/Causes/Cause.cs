namespace StaleConnGuard.Diagnosis;

/// <summary>What went wrong at one server, in figures and in a sentence. Immutable.</summary>
/// <param name="Server">The server.</param>
/// <param name="Timeout">The idle age from which on it closes connections, rounded down; null when no close was seen.</param>
/// <param name="LatestClose">The highest idle age at which it closed.</param>
/// <param name="IsEven">Whether it closes at one age; otherwise somewhere between two.</param>
/// <param name="Presets">Known servers whose default fits.</param>
/// <param name="Sentence">What happened.</param>
/// <param name="Settings">What to set.</param>
internal sealed record Cause(
    Endpoint Server, TimeSpan? Timeout, TimeSpan? LatestClose, bool IsEven, IReadOnlyList<KnownServerTimeout> Presets, string Sentence, IReadOnlyList<Setting> Settings);

/// <summary>One knob.</summary>
/// <param name="Where">Whose it is.</param>
/// <param name="Text">What to write.</param>
internal sealed record Setting(string Where, string Text);
