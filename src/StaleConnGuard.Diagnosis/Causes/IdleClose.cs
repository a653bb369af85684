using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>An idle connection was closed.</summary>
/// <param name="Time">When. Nanoseconds since 1970.</param>
/// <param name="Age">How long it had been idle.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IdleClose(long Time, TimeSpan Age);

/// <summary>Closes at about the same idle age.</summary>
/// <param name="From">The lowest age.</param>
/// <param name="To">The highest.</param>
/// <param name="Count">How many.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AgeGroup(TimeSpan From, TimeSpan To, int Count);
