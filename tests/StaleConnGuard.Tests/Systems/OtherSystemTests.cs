using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Systems;

/// <summary>What the guard asks of the kernels of Windows and macOS: only they can say whether they know the option. Skipped elsewhere.</summary>
public sealed class OtherSystemTests
{
    private static readonly TransportOptions s_options = new() { UnacknowledgedDataTimeout = TimeSpan.FromSeconds(7) };

    // ws2ipdef.h: TCP_MAXRT, in seconds.
    [Fact]
    [Trait(Requirement.SystemTrait, "Windows")]
    public void Windows_DropsAConnectionOfWhichNothingIsAcknowledged()
    {
        Requirement.MetOrSkip(OperatingSystem.IsWindows(), "TCP_MAXRT is an option of Windows");
        DropTimeOf(option: 5).ShouldBe(7);
    }

    // netinet/tcp.h: TCP_RXT_CONNDROPTIME, in seconds.
    [Fact]
    [Trait(Requirement.SystemTrait, "macOS")]
    public void MacOS_DropsAConnectionOfWhichNothingIsAcknowledged()
    {
        Requirement.MetOrSkip(OperatingSystem.IsMacOS(), "TCP_RXT_CONNDROPTIME is an option of macOS");
        DropTimeOf(option: 0x80).ShouldBe(7);
    }

    [Theory]
    [InlineData("Windows")]
    [InlineData("macOS")]
    [Trait(Requirement.SystemTrait, "Windows or macOS")]
    public async Task Elsewhere_TheKernelIsNotAsked(string system)
    {
        Requirement.MetOrSkip(OperatingSystem.IsOSPlatform(system), $"{system} alone answers");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint, TestContext.Current.CancellationToken);
        await using var transport = new TransportStream(socket);

        transport.AcknowledgedAtConnect.ShouldBeNull();
        transport.TryProbe(out _).ShouldBeFalse();
        TcpSnapshot.IsSupported.ShouldBeFalse();
    }

    /// <summary>What is set on each system, by its name: the tests above show that the kernels take it.</summary>
    [Theory]
    [InlineData("Windows", 5)]
    [InlineData("macOS", 0x80)]
    [InlineData("Linux", null)]
    [InlineData("FreeBSD", null)]
    public void DropTimeOption_OfASystem_IsTheOneOfItsHeaders(string system, int? option) =>
        SocketTuning.DropTimeOption(isWindows: system == "Windows", isMacOS: system == "macOS").ShouldBe(option);

    private static int DropTimeOf(int option)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        SocketTuning.From(s_options).Apply(socket);
        byte[] seconds = new byte[sizeof(int)];
        socket.GetRawSocketOption(6, option, seconds).ShouldBe(sizeof(int));
        return BinaryPrimitives.ReadInt32LittleEndian(seconds);
    }
}
