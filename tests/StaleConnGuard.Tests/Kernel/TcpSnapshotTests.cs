using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Kernel;

public sealed class TcpSnapshotTests
{
    private const int BytesAcknowledgedOffset = 120;

    /// <summary>
    /// gVisor fills in the state and a few times, and leaves zeros for the rest. Believed, it would prove of every request that the server did not get it: a POST
    /// that was executed would be sent again.
    /// </summary>
    [Theory]
    [InlineData(TcpSnapshot.Established)]
    [InlineData(TcpSnapshot.CloseWait)]
    [InlineData(TcpSnapshot.Close)]
    public void TryParse_OfAKernelThatDoesNotCount_IsNoAnswer(byte state)
    {
        byte[] answer = new byte[232];
        answer[0] = state;
        BinaryPrimitives.WriteInt32LittleEndian(answer.AsSpan(68), 20_000);
        TcpSnapshot.TryParse(answer, out _).ShouldBeFalse();

        BinaryPrimitives.WriteUInt64LittleEndian(answer.AsSpan(BytesAcknowledgedOffset), 1);
        TcpSnapshot.TryParse(answer, out TcpSnapshot counted).ShouldBeTrue();
        counted.ShouldSatisfyAllConditions(info => info.State.ShouldBe(state), info => info.BytesAcknowledged.ShouldBe(1ul), info => info.RoundTrip.ShouldBe(TimeSpan.FromMilliseconds(20)));
    }

    /// <summary>Before Linux 4.2 the struct ends before the count; before 4.6 before that of segments.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(104, false)]
    [InlineData(127, false)]
    [InlineData(128, true)]
    [InlineData(155, true)]
    [InlineData(156, true)]
    public void TryParse_OfAnOlderKernel_NeedsTheCount(int size, bool expected)
    {
        byte[] answer = new byte[size];
        answer.AsSpan(Math.Min(size, BytesAcknowledgedOffset)).Fill(1);
        TcpSnapshot.TryParse(answer, out TcpSnapshot info).ShouldBe(expected);
        info.PureAcks.ShouldBe(0u);
    }

    [Fact]
    public async Task TryRead_OfASocketThatHasJustConnected_HasCountedTheSyn()
    {
        if (!TcpSnapshot.IsSupported)
        {
            // What is said elsewhere: OtherSystemTests.
            return;
        }

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint, TestContext.Current.CancellationToken);
        Requirement.MetOrSkip(TcpSnapshot.TryRead(socket, out TcpSnapshot info), "the kernel does not count what is acknowledged");
        info.BytesAcknowledged.ShouldBe(1ul);
    }

    /// <summary>Of several paths the kernel describes the first. Where it cannot make such sockets, there are none to be mistaken about.</summary>
    [Fact]
    public async Task Transport_OfMultipathTcp_DoesNotAskTheKernel()
    {
        if (!OperatingSystem.IsLinux() || NativeSocket(family: 2, type: 1, protocol: 262) is not (>= 0 and int descriptor))
        {
            return;
        }

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        await socket.ConnectAsync(listener.LocalEndpoint, TestContext.Current.CancellationToken);
        await using var transport = new TransportStream(socket);

        TcpSnapshot.IsMultipath(socket).ShouldBeTrue();
        transport.AcknowledgedAtConnect.ShouldBeNull();
        transport.TryProbe(out _).ShouldBeFalse();
    }

    [Fact]
    public void IsMultipath_OfAnOrdinarySocketOrOneThatIsGone_IsFalse()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        TcpSnapshot.IsMultipath(socket).ShouldBeFalse();
        socket.Dispose();
        TcpSnapshot.IsMultipath(socket).ShouldBeFalse();
    }

    [DllImport("libc", EntryPoint = "socket")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int NativeSocket(int family, int type, int protocol);
}
