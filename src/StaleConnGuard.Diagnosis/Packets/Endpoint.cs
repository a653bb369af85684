using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>An address and a port.</summary>
/// <param name="Address">The address as a number; IPv4 in its lower 32 bits.</param>
/// <param name="IsIPv6">Which of the two it is.</param>
/// <param name="Port">The port.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Endpoint(UInt128 Address, bool IsIPv6, ushort Port)
{
    public static Endpoint Of(IPAddress address, ushort port)
    {
        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out int length);
        UInt128 number = 0;
        foreach (byte part in bytes[..length])
        {
            number = (number << 8) | part;
        }

        return new Endpoint(number, length == 16, port);
    }

    public IPAddress ToAddress()
    {
        Span<byte> bytes = stackalloc byte[IsIPv6 ? 16 : 4];
        UInt128 rest = Address;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            bytes[i] = (byte)rest;
            rest >>= 8;
        }

        return new IPAddress(bytes);
    }

    public static int Compare(Endpoint one, Endpoint other)
    {
        int byAddress = (one.IsIPv6, one.Address).CompareTo((other.IsIPv6, other.Address));
        return byAddress != 0 ? byAddress : one.Port.CompareTo(other.Port);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsIPv6 ? $"[{ToAddress()}]" : ToAddress().ToString())}:{Port}");
}
