namespace StaleConnGuard.Diagnosis;

/// <summary>What went wrong at one server, in figures and in a sentence. Immutable.</summary>
internal sealed record Cause
{
    public required Endpoint Server { get; init; }

    /// <summary>What happened, and whose timeout is the shorter one.</summary>
    public required string Sentence { get; init; }

    /// <summary>The idle age from which on the server closes connections, rounded down; null when no close was seen.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The closes by idle age; null when no close was seen.</summary>
    public AgeGroups? Ages { get; init; }

    /// <summary>Known servers whose default fits.</summary>
    public IReadOnlyList<KnownServerTimeout> Presets { get; init; } = [];

    /// <summary>The known server whose default is nearest, where none fits; null otherwise.</summary>
    public KnownServerTimeout? Nearest { get; init; }

    /// <summary>What to set where the client is; empty when there is nothing to mend.</summary>
    public IReadOnlyList<Setting> Settings { get; init; } = [];

    /// <summary>What to set where the server is instead.</summary>
    public IReadOnlyList<Setting> ServerSettings { get; init; } = [];

    /// <summary>The longest idle age at which a client held a connection; null when none was seen.</summary>
    public TimeSpan? LongestKept { get; init; }
}

/// <summary>One knob.</summary>
/// <param name="Where">Whose it is.</param>
/// <param name="Text">What to write.</param>
internal sealed record Setting(string Where, string Text);
