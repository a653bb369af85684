using System.Globalization;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Measuring;

/// <summary>What of the machine matters to a figure. Not its name: that tells nobody anything.</summary>
public static class MachineFacts
{
    /// <summary>Cores, processor, kernel, runtime and load, in one line.</summary>
    public static string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Environment.ProcessorCount} cores{Processor()}, {Environment.OSVersion.Platform switch { PlatformID.Unix => $"Linux {Environment.OSVersion.Version.ToString(2)}", _ => RuntimeInformation.OSDescription }}, {RuntimeInformation.FrameworkDescription}{Load()}");

    private static string Processor()
    {
        string? line = TryRead("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return line is null ? string.Empty : $" of {line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()}";
    }

    private static string Load() => TryRead("/proc/loadavg") is [var line, ..] ? $", load average {line.Split(' ')[0]} at the end" : string.Empty;

    private static string[] TryRead(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];
}
