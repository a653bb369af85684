using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>A packet on its way. One of its times was captured; the others are worked out.</summary>
/// <param name="Packet">The packet.</param>
/// <param name="Left">When it left its sender. Nanoseconds since 1970.</param>
/// <param name="Arrived">When it came to its receiver.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PacketFlight(PacketMark Packet, long Left, long Arrived)
{
    public bool IsEnd => (Packet.Flags & (TcpFlags.Fin | TcpFlags.Reset)) != TcpFlags.None;

    /// <summary>Whether both were under way at the same time, in opposite directions.</summary>
    public bool Crosses(in PacketFlight other) => Packet.IsFromClient != other.Packet.IsFromClient && Left < other.Arrived && other.Left < Arrived;
}

/// <summary>
/// When packets left and arrived: half of the handshake's round trips lies between the place of the capture and either side. That is an estimate; acknowledgment numbers are
/// none, so where the two disagree the numbers win: who did not acknowledge a byte had not got it.
/// </summary>
internal static class PacketFlights
{
    /// <summary>Empty where no handshake was captured: then nobody knows how long packets travel.</summary>
    public static IReadOnlyList<PacketFlight> Of(Finding finding)
    {
        if (finding is not { ToServer: { } toServer, ToClient: { } toClient })
        {
            return [];
        }

        long server = (long)toServer.TotalNanoseconds / 2;
        long client = (long)toClient.TotalNanoseconds / 2;
        PacketFlight[] flights = [.. finding.Packets.Select(packet => packet.IsFromClient
            ? new PacketFlight(packet, packet.Time - client, packet.Time + server)
            : new PacketFlight(packet, packet.Time - server, packet.Time + client))];
        for (int early = 0; early < flights.Length; early++)
        {
            for (int late = 0; late < flights.Length; late++)
            {
                Agree(ref flights[early], ref flights[late]);
            }
        }

        return flights;
    }

    // The first is data, the second of the other direction says what its sender had got of it.
    private static void Agree(ref PacketFlight data, ref PacketFlight word)
    {
        if (data.Packet.IsFromClient == word.Packet.IsFromClient || data.Packet.Length == 0 || data.Packet.IsRepeated || (word.Packet.Flags & TcpFlags.Ack) == TcpFlags.None)
        {
            return;
        }

        bool isAcknowledged = word.Packet.Acknowledged >= data.Packet.Offset + data.Packet.Length;
        bool isBeforeTheWord = data.Arrived <= word.Left;
        if (isAcknowledged == isBeforeTheWord || (!isAcknowledged && !word.IsEnd))
        {
            return;
        }

        long middle = data.Arrived + ((word.Left - data.Arrived) / 2);
        data = data with { Arrived = Math.Max(data.Left + 1, isAcknowledged ? middle : middle + 1) };
        word = word with { Left = Math.Min(word.Arrived - 1, isAcknowledged ? middle + 1 : middle) };
    }
}
