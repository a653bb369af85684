using System.Runtime.InteropServices;

namespace StaleConnGuard.Decisions;

/// <summary>The times an option accepts; also says so in error texts.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TimeRange(TimeSpan Min, TimeSpan Max, bool InfiniteToo = false)
{
    public bool Contains(TimeSpan value) =>
        (InfiniteToo && value == Timeout.InfiniteTimeSpan) || (value >= Min && value <= Max);

    public override string ToString() => $"between {Min} and {Max}{(InfiniteToo ? ", or Infinite (-00:00:00.0010000)" : "")}";
}
