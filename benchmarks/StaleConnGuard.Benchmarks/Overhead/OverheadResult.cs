namespace StaleConnGuard.Benchmarks;

/// <summary>One request through one chain, in nanoseconds and bytes.</summary>
internal sealed record OverheadResult(string Chain, double Nanoseconds, double Bytes)
{
    public OverheadResult Least(double nanoseconds, double bytes) =>
        this with { Nanoseconds = Math.Min(Nanoseconds, nanoseconds), Bytes = Math.Min(Bytes, bytes) };
}
