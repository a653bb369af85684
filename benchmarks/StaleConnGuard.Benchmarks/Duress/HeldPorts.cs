using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>The ports that this network namespace holds in TIME_WAIT because the client closed first.</summary>
internal static class HeldPorts
{
    // include/net/tcp_states.h
    private const string TimeWait = "06";

    /// <param name="serverPort">Of the server that they lead to.</param>
    public static int Count(int serverPort)
    {
        string remote = ":" + serverPort.ToString("X4", CultureInfo.InvariantCulture);
        return new[] { "/proc/self/net/tcp", "/proc/self/net/tcp6" }
            .SelectMany(static file => File.ReadLines(file).Skip(1))
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Count(words => words[2].EndsWith(remote, StringComparison.Ordinal) && words[3] == TimeWait);
    }
}
