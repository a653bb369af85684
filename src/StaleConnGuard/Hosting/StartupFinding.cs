using System.Runtime.InteropServices;

namespace StaleConnGuard.Hosting;

/// <summary>What the check at start finds wrong with settings that are valid each by itself.</summary>
internal enum StartupFindingKind
{
    /// <summary>The pool keeps connections for longer than the server does. The guard refuses them when taken; the sockets stay open uselessly, and closes by the server go on.</summary>
    PoolOutlivesServer,

    /// <summary>The margin is more than half of the server timeout; half is used.</summary>
    MarginAboveHalf,

    /// <summary>Nothing is configured and nothing may be learned: only what the server advertises prevents races.</summary>
    NothingKnownNorLearned,
}

/// <param name="Kind">What it is.</param>
/// <param name="Message">With the numbers, and what to do.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StartupFinding(StartupFindingKind Kind, string Message);
