using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace StaleConnGuard.Testing;

/// <summary>
/// A network namespace behind a bridge, as a container is: on <c>-i any</c> the host sees each packet twice, on the bridge and on the namespace's cable. Needs root and
/// iproute2; removed when disposed.
/// </summary>
internal sealed class BridgedNamespace : IDisposable
{
    private const string Program = "/usr/sbin/ip";

    private readonly string _suffix;

    public BridgedNamespace()
    {
        var random = new Random(Environment.ProcessId);
        _suffix = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId % 100_000}{random.Next(100)}");

        // RFC 5737, for documentation: nobody's.
        string network = string.Create(CultureInfo.InvariantCulture, $"203.0.113.{4 * random.Next(62)}");
        byte[] address = IPAddress.Parse(network).GetAddressBytes();
        Host = new IPAddress([address[0], address[1], address[2], (byte)(address[3] + 1)]);
        var inside = new IPAddress([address[0], address[1], address[2], (byte)(address[3] + 2)]);
        Ip($"netns add {Name}");
        Ip($"link add {Bridge} type bridge");
        Ip($"link add {Cable} type veth peer name eth0 netns {Name}");
        Ip($"link set {Cable} master {Bridge}");
        Ip($"addr add {Host}/30 dev {Bridge}");
        Ip($"link set {Bridge} up");
        Ip($"link set {Cable} up");
        Ip($"-n {Name} addr add {inside}/30 dev eth0");
        Ip($"-n {Name} link set eth0 up");
    }

    /// <summary>The host's address on the bridge.</summary>
    public IPAddress Host { get; }

    private string Name => $"staleconn-c{_suffix}";

    private string Bridge => $"scb{_suffix}";

    private string Cable => $"scv{_suffix}";

    /// <summary>Says whether it can be made.</summary>
    public static bool IsAvailable(out string reason)
    {
        reason = !Environment.IsPrivilegedProcess ? "it needs root" : File.Exists(Program) ? string.Empty : "iproute2 is not installed (tests/servers/install)";
        return reason.Length == 0;
    }

    /// <summary>Runs a program inside and waits for it.</summary>
    public void Run(string line) => Ip($"netns exec {Name} {line}");

    public void Dispose()
    {
        Ip($"link del {Bridge}");
        Ip($"netns del {Name}");
    }

    private static void Ip(string line)
    {
        using Process process = Process.Start(new ProcessStartInfo(Program, line) { RedirectStandardError = true, UseShellExecute = false })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {line}: {said}");
        }
    }
}
