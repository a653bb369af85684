using System.Diagnostics;
using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>What one client measured in all of its turns.</summary>
/// <param name="P99">The 99th percentile of the latency, in microseconds.</param>
/// <param name="Bytes">Allocated by the client's process, a request.</param>
/// <param name="CpuMicroseconds">Processor time of the client's process, user and kernel, a request.</param>
/// <param name="Collections">Of the youngest generation.</param>
internal sealed record LoopbackFigures(double RequestsPerSecond, double P99, double Bytes, double CpuMicroseconds, double Collections)
{
    public static LoopbackFigures Sum(IReadOnlyCollection<LoopbackTurn> turns)
    {
        long[] latencies = [.. turns.SelectMany(static turn => turn.Latencies).Order()];
        return new LoopbackFigures(
            latencies.Length / turns.Sum(static turn => turn.Took.TotalSeconds),
            Stopwatch.GetElapsedTime(0, latencies[(int)(latencies.Length * 0.99)]).TotalMicroseconds,
            (double)turns.Sum(static turn => turn.Bytes) / latencies.Length,
            turns.Sum(static turn => turn.Cpu.TotalMicroseconds) / latencies.Length,
            turns.Sum(static turn => turn.Collections));
    }

    public static LoopbackFigures Parse(string line)
    {
        double[] figures = [.. line.Split(' ').Select(static word => double.Parse(word, CultureInfo.InvariantCulture))];
        return new LoopbackFigures(figures[0], figures[1], figures[2], figures[3], figures[4]);
    }

    public string ToLine() => string.Create(CultureInfo.InvariantCulture, $"{RequestsPerSecond:R} {P99:R} {Bytes:R} {CpuMicroseconds:R} {Collections:R}");
}

/// <summary>One turn of one client.</summary>
/// <param name="Took">From the first request to the last response.</param>
/// <param name="Latencies">Of each request, in timestamps.</param>
internal sealed record LoopbackTurn(TimeSpan Took, long[] Latencies, long Bytes, TimeSpan Cpu, int Collections)
{
    public double RequestsPerSecond => Latencies.Length / Took.TotalSeconds;
}
