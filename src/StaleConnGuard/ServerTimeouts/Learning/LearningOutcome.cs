namespace StaleConnGuard.ServerTimeouts;

/// <summary>What one observation did to the knowledge of an origin.</summary>
internal enum LearningOutcome
{
    /// <summary>It was known already.</summary>
    NothingNew,

    /// <summary>Remembered, in case a second one agrees.</summary>
    Noted,

    /// <summary>Younger than any server's timeout: ignored.</summary>
    TooYoung,

    /// <summary>Connections of very different ages were closed at this moment: a restart or reshuffle. Ignored, and what this moment had taught is undone.</summary>
    RestartSuspected,

    /// <summary>A stale hit at an age far below one at which connections were open a short while ago. Noted only.</summary>
    FarBelowOpen,

    /// <summary>Agrees with the timeout that is known.</summary>
    Confirmed,

    /// <summary>A connection outlived the timeout that is known; it is kept for now.</summary>
    Contradicted,

    /// <summary>A timeout is known now.</summary>
    Learned,

    /// <summary>The timeout is shorter than was known.</summary>
    Lowered,

    /// <summary>The timeout is longer than was known.</summary>
    Raised,

    /// <summary>Connections outlive the timeout that was known, and no other is known.</summary>
    Forgotten,
}
