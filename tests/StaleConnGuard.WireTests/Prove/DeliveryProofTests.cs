using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>The proof on bare sockets, where it would be wrong if it believed every end-of-stream.</summary>
public class DeliveryProofTests
{
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

    private static async Task<(Socket Server, TransportStream Client)> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(listener.LocalEndPoint!);
        return (await listener.AcceptAsync(), new TransportStream(client));
    }
}
