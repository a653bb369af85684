namespace StaleConnGuard.Benchmarks;

/// <summary>One size, plain and guarded.</summary>
internal sealed record ScaleRow(ScaleShape Shape, int Size, ScaleResult Plain, ScaleResult Guarded)
{
    public double AddedBytes => Guarded.BytesEach - Plain.BytesEach;
}

/// <summary>What one client held for each connection or origin, and its first and second request after idleness in microseconds; medians.</summary>
internal sealed record ScaleResult(double BytesEach, double FirstMicroseconds, double SecondMicroseconds);
