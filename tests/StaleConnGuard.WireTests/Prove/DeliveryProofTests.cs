using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>The proof on bare sockets, where it would be wrong if it believed every end-of-stream.</summary>
public class DeliveryProofTests
{
    private const int SmallBuffer = 8 * 1024;
    private const int MoreThanFits = 1024 * 1024;

    [Fact]
    public async Task AfterEndOfStream_FinAndNothingTaken_IsProven()
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        (Socket server, TransportStream client) = await ConnectAsync();
        using (client)
        {
            server.Close();
            (await client.ReadAsync(new byte[1])).ShouldBe(0);

            (await DeliveryProof.AfterEndOfStreamAsync(client, new SendMark(0, client.AcknowledgedAtConnect), TimeProvider.System)).ShouldBe((ConnectionEnd.EndOfStream, Delivery.ProvenUndelivered));
        }
    }

    [Fact]
    public async Task AfterEndOfStream_FinAfterTheBytesWereTaken_IsUnknown()
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        (Socket server, TransportStream client) = await ConnectAsync();
        using (client)
        {
            await client.WriteAsync(new byte[10]);
            (await server.ReceiveAsync(new byte[10])).ShouldBe(10);
            server.Close();
            (await client.ReadAsync(new byte[1])).ShouldBe(0);

            (await DeliveryProof.AfterEndOfStreamAsync(client, new SendMark(0, client.AcknowledgedAtConnect), TimeProvider.System)).ShouldBe((ConnectionEnd.EndOfStream, Delivery.Unknown));

            // The same bytes, had they been written before the exchange: then nothing of the exchange was taken.
            (await DeliveryProof.AfterEndOfStreamAsync(client, new SendMark(10, client.AcknowledgedAtConnect), TimeProvider.System)).ShouldBe((ConnectionEnd.EndOfStream, Delivery.ProvenUndelivered));
        }
    }

    [Fact]
    public async Task AfterEndOfStream_AWriteTookTheResetsError_IsNoProof()
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        (Socket server, TransportStream client) = await ConnectAsync();
        using (client)
        {
            server.LingerState = new LingerOption(true, 0);
            server.Close();
            await Should.ThrowAsync<IOException>(async () => await client.WriteAsync(new byte[10]));

            // The trap: no FIN ever came, and yet the kernel says end-of-stream and has acknowledged nothing.
            (await client.ReadAsync(new byte[1])).ShouldBe(0);
            (await DeliveryProof.AfterEndOfStreamAsync(client, new SendMark(0, client.AcknowledgedAtConnect), TimeProvider.System)).Delivery.ShouldBe(Delivery.Unknown);
        }
    }

    [Fact]
    public async Task AfterEndOfStream_WeEndedItOurselvesAndThenCameAReset_IsNoProof()
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        (Socket server, TransportStream client) = await ConnectAsync();
        using (client)
        {
            await client.WriteAsync(new byte[10]);
            client.Abort();
            server.Close();
            await Should.ThrowAsync<IOException>(client.ReadAsync(new byte[1]).AsTask());

            // The ten bytes and our own FIN were before the exchange. The reset has been reported, and from here on the kernel says end-of-stream.
            (await client.ReadAsync(new byte[1])).ShouldBe(0);
            (await DeliveryProof.AfterEndOfStreamAsync(client, new SendMark(11, client.AcknowledgedAtConnect), TimeProvider.System)).Delivery.ShouldBe(Delivery.Unknown);
        }
    }

    [Fact]
    public async Task AfterEndOfStream_AResetNobodyHasSeen_IsAReset()
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        (Socket server, TransportStream client) = await ConnectAsync();
        using (client)
        {
            server.LingerState = new LingerOption(true, 0);
            server.Close();

            // As TLS does that has read a close_notify: it says end-of-stream without having looked at the socket again.
            (await DeliveryProof.AfterEndOfStreamAsync(client, new SendMark(0, client.AcknowledgedAtConnect), TimeProvider.System)).ShouldBe((ConnectionEnd.Reset, Delivery.Unknown));
        }
    }

    [Fact]
    public async Task AfterEndOfStream_NoTransport_IsUnknown() =>
        (await DeliveryProof.AfterEndOfStreamAsync(null, new SendMark(0, 0), TimeProvider.System)).ShouldBe((ConnectionEnd.EndOfStream, Delivery.Unknown));

    /// <summary>A write that runs while the connection dies may be taking the reset's error: it is waited for, and the kernel is asked again.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AfterEndOfStream_AWriteThatEndsMeanwhile_IsProven(bool blocking)
    {
        var kernel = new ClosedConnection();
        var clock = new SteppingClock(TimeSpan.FromMilliseconds(1));
        (Socket server, TransportStream client) = await ConnectAsync(kernel);
        using (server)
        using (client)
        {
            Task write = client.WriteAsync(new byte[MoreThanFits]).AsTask();
            client.IsWriting.ShouldBeTrue();
            server.Shutdown(SocketShutdown.Send);
            kernel.Looks = 0;
            kernel.OnThirdLook = () => TakeAll(server, write);

            (await DeliveryProof.AfterEndOfStreamAsync(client, new SendMark(0, 0), clock, blocking)).ShouldBe((ConnectionEnd.EndOfStream, Delivery.ProvenUndelivered));
            kernel.Looks.ShouldBe(3, "whether TLS may hide a reset, then with the write under way, then without");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AfterEndOfStream_AWriteThatDoesNotEnd_IsNoProofAfterTenSeconds(bool blocking)
    {
        var kernel = new ClosedConnection();
        var clock = new SteppingClock(TimeSpan.FromSeconds(5));
        (Socket server, TransportStream client) = await ConnectAsync(kernel);
        using (server)
        using (client)
        {
            Task write = client.WriteAsync(new byte[MoreThanFits]).AsTask();
            server.Shutdown(SocketShutdown.Send);
            kernel.Looks = 0;

            (await DeliveryProof.AfterEndOfStreamAsync(client, new SendMark(0, 0), clock, blocking)).ShouldBe((ConnectionEnd.EndOfStream, Delivery.Unknown));
            kernel.Looks.ShouldBe(3, "after 10 s by the clock there is no further one");
            clock.Timers.ShouldBe(blocking ? 0 : 1);
            client.IsWriting.ShouldBeTrue();
            TakeAll(server, write);
        }
    }

    /// <summary>How long one side waits for what the other one is about to find: for longer only where the kernel says that there is something to find.</summary>
    [Theory]
    [InlineData(null, 0.29, true)]
    [InlineData(null, 0.3, false)]
    [InlineData(TcpSnapshot.Established, 0.29, true)]
    [InlineData(TcpSnapshot.Established, 0.3, false)]
    [InlineData(TcpSnapshot.CloseWait, 9.9, true)]
    [InlineData(TcpSnapshot.Close, 9.9, true)]
    [InlineData(TcpSnapshot.Close, 10.0, false)]
    public async Task LateEnd_MayCome(byte? state, double waited, bool expected)
    {
        (Socket server, TransportStream client) = await ConnectAsync(new ClosedConnection { State = state });
        using (server)
        using (client)
        {
            LateEnd.MayCome(client, TimeSpan.FromSeconds(waited), TimeSpan.FromSeconds(0.3)).ShouldBe(expected);
        }

        LateEnd.MayCome(null, TimeSpan.FromSeconds(waited), TimeSpan.FromSeconds(0.3)).ShouldBe(waited < 0.3);
    }

    private static async Task<(Socket Server, TransportStream Client)> ConnectAsync(ITcpProbe? probe = null)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = SmallBuffer };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = SmallBuffer };
        await client.ConnectAsync(listener.LocalEndPoint!);
        return (await listener.AcceptAsync(), new TransportStream(client, probe));
    }

    private static void TakeAll(Socket server, Task write)
    {
        byte[] buffer = new byte[MoreThanFits];
        for (int taken = 0; taken < MoreThanFits;)
        {
            taken += server.Receive(buffer);
        }

        write.Wait();
    }

    /// <summary>A kernel that says CLOSE of every connection if nothing else is asked for, with nothing acknowledged. It cannot be asked when there is no state.</summary>
    private sealed class ClosedConnection : ITcpProbe
    {
        public byte? State { get; init; } = TcpSnapshot.Close;

        public int Looks { get; set; }

        public Action? OnThirdLook { get; set; }

        public bool TryRead(Socket socket, out TcpSnapshot snapshot)
        {
            snapshot = default(TcpSnapshot) with { State = State ?? default };
            if (++Looks == 3)
            {
                OnThirdLook?.Invoke();
            }

            return State is not null;
        }
    }

    /// <summary>Goes on by one step whenever it is looked at.</summary>
    private sealed class SteppingClock(TimeSpan step) : TimeProvider
    {
        private long _now;

        public int Timers { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now += step.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Timers++;
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
