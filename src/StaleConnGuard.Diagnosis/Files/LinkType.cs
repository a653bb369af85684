namespace StaleConnGuard.Diagnosis;

/// <summary>How a frame begins, as capture files number it (tcpdump.org, "Link-layer header types").</summary>
internal enum LinkType
{
    Null = 0,
    Ethernet = 1,
    RawLegacy = 12,
    RawOpenBsd = 14,
    Raw = 101,
    Loop = 108,
    LinuxSll = 113,
    IPv4 = 228,
    IPv6 = 229,
    LinuxSll2 = 276,
}
