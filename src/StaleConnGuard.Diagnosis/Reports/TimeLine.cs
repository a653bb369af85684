using System.Globalization;
using System.Text;

namespace StaleConnGuard.Diagnosis;

/// <summary>
/// The last packets of a connection as arrows between client and server (SVG): each leaves one side and comes to the other later, so that a request and a FIN that were under way at the same
/// time cross. Times on the left are those of the capture. Without a handshake nobody knows how long packets travel, and they are drawn level.
/// </summary>
internal static class TimeLine
{
    private const int Width = 1100;
    private const int AxisX = 96;
    private const int ClientX = 440;
    private const int ServerX = 760;
    private const int Top = 52;

    private enum Column
    {
        None = -1,
        Axis,
        Client,
        Server,
    }

    public static string Draw(Finding finding)
    {
        IReadOnlyList<PacketFlight> known = PacketFlights.Of(finding);
        IReadOnlyList<PacketFlight> flights = known.Count > 0 ? known : [.. finding.Packets.Select(packet => new PacketFlight(packet, packet.Time, packet.Time))];
        TimeSpan flight = known.Count == 0 ? TimeSpan.FromMilliseconds(1) : (finding.ToServer!.Value + finding.ToClient!.Value) / 2;
        var axis = new TimeAxis(flights.SelectMany(Moments), flight, Top);
        double height = axis.Bottom + 26;
        var svg = new StringBuilder();
        Add(svg, $"<svg viewBox=\"0 0 {Width} {height:0}\" role=\"img\" aria-label=\"Packets between client and server: {Wording.Of(finding.Judgement.Verdict)}\">");
        DrawSides(svg, finding, known.Count > 0, axis, height);
        foreach (PacketFlight one in flights)
        {
            DrawFlight(svg, one, flights[0].Packet.Time, axis, finding);
        }

        DrawCrossing(svg, flights, axis, finding);
        return svg.Append("</svg>").ToString();
    }

    private static IEnumerable<(long Time, int Column)> Moments(PacketFlight flight) =>
    [
        (flight.Left, (int)(flight.Packet.IsFromClient ? Column.Client : Column.Server)),
        (flight.Packet.Time, (int)Column.Axis),
        (flight.Arrived, (int)Column.None),
    ];

    private static void DrawSides(StringBuilder svg, Finding finding, bool isKnown, TimeAxis axis, double height)
    {
        Add(svg, $"<text class=\"side\" x=\"{ClientX}\" y=\"16\" text-anchor=\"middle\">client</text><text class=\"side\" x=\"{ServerX}\" y=\"16\" text-anchor=\"middle\">server</text>");
        Add(svg, $"<text class=\"dim\" x=\"{AxisX}\" y=\"16\" text-anchor=\"end\">captured at</text>");
        if (isKnown)
        {
            double share = finding.ToClient!.Value / (finding.ToClient.Value + finding.ToServer!.Value + TimeSpan.FromTicks(1));
            double x = ClientX + (share * (ServerX - ClientX));
            bool isOnTheWay = share is > 0.2 and < 0.8;
            Add(svg, $"<text class=\"dim\" x=\"{x:0}\" y=\"32\" text-anchor=\"middle\">captured {(isOnTheWay ? "on the way" : "here")}</text>");
            if (isOnTheWay)
            {
                Add(svg, $"<line class=\"rail\" stroke-dasharray=\"2 5\" x1=\"{x:0}\" y1=\"38\" x2=\"{x:0}\" y2=\"{height - 8:0}\"/>");
            }
        }

        Add(svg, $"<line class=\"rail\" x1=\"{ClientX}\" y1=\"38\" x2=\"{ClientX}\" y2=\"{height - 8:0}\"/><line class=\"rail\" x1=\"{ServerX}\" y1=\"38\" x2=\"{ServerX}\" y2=\"{height - 8:0}\"/>");
        Add(svg, $"<line class=\"rail\" x1=\"{AxisX + 8}\" y1=\"38\" x2=\"{AxisX + 8}\" y2=\"{height - 8:0}\"/>");
        foreach ((double from, double to, TimeSpan span) in axis.Breaks)
        {
            double middle = (from + to) / 2;
            foreach (int x in (int[])[AxisX + 8, ClientX, ServerX])
            {
                Add(svg, $"<polyline class=\"break\" points=\"{x},{middle - 9:0.0} {x - 6},{middle - 4:0.0} {x + 6},{middle + 4:0.0} {x},{middle + 9:0.0}\"/>");
            }

            Add(svg, $"<text class=\"dim\" x=\"{(ClientX + ServerX) / 2}\" y=\"{middle + 4:0.0}\" text-anchor=\"middle\">{Milliseconds(span.TotalMilliseconds)} without a packet</text>");
        }
    }

    private static void DrawFlight(StringBuilder svg, in PacketFlight flight, long start, TimeAxis axis, Finding finding)
    {
        PacketMark packet = flight.Packet;
        bool isRequest = finding.Request?.Frame == packet.Frame;
        string kind = flight.IsEnd ? "end" : packet.IsFromClient ? "fromclient" : "fromserver";
        (int from, int to) = packet.IsFromClient ? (ClientX, ServerX) : (ServerX, ClientX);
        double y = axis.HeightOf(flight.Left);
        double tipY = axis.HeightOf(flight.Arrived);
        double length = Math.Sqrt(((to - from) * (to - from)) + ((tipY - y) * (tipY - y)));
        (double dx, double dy) = ((to - from) / length, (tipY - y) / length);
        (double baseX, double baseY) = (to - (9 * dx), tipY - (9 * dy));
        string dashed = packet.IsRepeated ? " stroke-dasharray=\"5 4\"" : string.Empty;
        Add(svg, $"<line class=\"packet {kind}{(isRequest ? " request" : string.Empty)}\" x1=\"{from}\" y1=\"{y:0.0}\" x2=\"{baseX:0.0}\" y2=\"{baseY:0.0}\"{dashed}/><polygon class=\"tip {kind}\" points=\"{to},{tipY:0.0} {baseX - (4 * dy):0.0},{baseY + (4 * dx):0.0} {baseX + (4 * dy):0.0},{baseY - (4 * dx):0.0}\"/>");
        string mark = isRequest ? "the request ▶ " : string.Empty;
        string anchor = packet.IsFromClient ? "end" : "start";
        int x = packet.IsFromClient ? ClientX - 12 : ServerX + 12;
        Add(svg, $"<text class=\"{(isRequest || flight.IsEnd ? "bad" : string.Empty)}\" x=\"{x}\" y=\"{y + 4:0.0}\" text-anchor=\"{anchor}\">{mark}{Label(packet)}  #{packet.Frame}</text>");
        double captured = axis.HeightOf(packet.Time);
        Add(svg, $"<line class=\"rail\" x1=\"{AxisX + 4}\" y1=\"{captured:0.0}\" x2=\"{AxisX + 12}\" y2=\"{captured:0.0}\"/><text class=\"dim\" x=\"{AxisX}\" y=\"{captured + 4:0.0}\" text-anchor=\"end\">{Milliseconds((packet.Time - start) / 1e6)}</text>");
    }

    // A ring where the request and the end of the connection pass each other.
    private static void DrawCrossing(StringBuilder svg, IReadOnlyList<PacketFlight> flights, TimeAxis axis, Finding finding)
    {
        foreach (PacketFlight request in flights.Where(flight => flight.Packet.Frame == finding.Request?.Frame))
        {
            foreach (PacketFlight end in flights.Where(flight => flight.Packet.Frame == finding.End?.Frame && flight.Crosses(request)))
            {
                (double sent, double arrived) = (axis.HeightOf(request.Left), axis.HeightOf(request.Arrived));
                (double left, double seen) = (axis.HeightOf(end.Left), axis.HeightOf(end.Arrived));
                double share = (seen - sent) / Math.Max(arrived - sent + (seen - left), 0.1);
                double x = ClientX + (share * (ServerX - ClientX));
                double y = sent + (share * (arrived - sent));
                Add(svg, $"<circle class=\"cross\" cx=\"{x:0.0}\" cy=\"{y:0.0}\" r=\"9\"/>");
            }
        }
    }

    private static string Milliseconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.000} ms");

    private static void Add(StringBuilder svg, FormattableString text) => svg.AppendLine(text.ToString(CultureInfo.InvariantCulture));

    private static string Label(in PacketMark packet)
    {
        var parts = new List<string>();
        if ((packet.Flags & TcpFlags.Syn) != TcpFlags.None)
        {
            parts.Add("SYN");
        }

        if (packet.Length > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"seq {Wording.Relative(packet.Offset)}:{Wording.Relative(packet.Offset + packet.Length)}"));
        }

        if ((packet.Flags & TcpFlags.Fin) != TcpFlags.None)
        {
            parts.Add("FIN");
        }

        if ((packet.Flags & TcpFlags.Reset) != TcpFlags.None)
        {
            parts.Add("RST");
        }

        if ((packet.Flags & TcpFlags.Ack) != TcpFlags.None)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"ACK {Wording.Relative(packet.Acknowledged)}"));
        }

        return string.Join(' ', parts);
    }
}
