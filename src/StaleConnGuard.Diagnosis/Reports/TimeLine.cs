using System.Globalization;
using System.Text;

namespace StaleConnGuard.Diagnosis;

/// <summary>The last packets of a connection as arrows between client and server, in the order of the capture (SVG). Not to scale in time: the labels say when.</summary>
internal static class TimeLine
{
    private const int Width = 1000;
    private const int ClientX = 330;
    private const int ServerX = 670;
    private const int RowHeight = 30;
    private const int Top = 34;
    private const int Slope = 12;

    public static string Draw(Finding finding)
    {
        IReadOnlyList<PacketMark> packets = finding.Packets;
        int height = Top + (packets.Count * RowHeight) + 20;
        var svg = new StringBuilder();
        _ = svg.AppendLine(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"Packets between client and server\">");
        _ = svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{ClientX}\" y=\"16\" text-anchor=\"middle\">client</text><text x=\"{ServerX}\" y=\"16\" text-anchor=\"middle\">server</text>");
        _ = svg.AppendLine(CultureInfo.InvariantCulture, $"<line class=\"rail\" x1=\"{ClientX}\" y1=\"24\" x2=\"{ClientX}\" y2=\"{height - 8}\"/><line class=\"rail\" x1=\"{ServerX}\" y1=\"24\" x2=\"{ServerX}\" y2=\"{height - 8}\"/>");
        for (int i = 0; i < packets.Count; i++)
        {
            DrawPacket(svg, packets[i], packets[0].Time, Top + (i * RowHeight), finding);
        }

        return svg.Append("</svg>").ToString();
    }

    private static void DrawPacket(StringBuilder svg, in PacketMark packet, long start, int y, Finding finding)
    {
        bool isEnd = (packet.Flags & (TcpFlags.Fin | TcpFlags.Reset)) != TcpFlags.None;
        string kind = isEnd ? "end" : packet.IsFromClient ? "fromclient" : "fromserver";
        (int from, int to) = packet.IsFromClient ? (ClientX, ServerX) : (ServerX, ClientX);
        int tip = packet.IsFromClient ? to - 9 : to + 9;
        int tipY = y + Slope;
        string dashed = packet.IsRepeated ? " stroke-dasharray=\"5 4\"" : string.Empty;
        _ = svg.AppendLine(CultureInfo.InvariantCulture, $"<line class=\"packet {kind}\" x1=\"{from}\" y1=\"{y}\" x2=\"{tip}\" y2=\"{tipY}\"{dashed}/><polygon class=\"tip {kind}\" points=\"{to},{tipY} {tip},{tipY - 4} {tip},{tipY + 4}\"/>");
        string label = Label(packet);
        string mark = finding.Request?.Frame == packet.Frame ? " ◀ the request" : string.Empty;
        string anchor = packet.IsFromClient ? "end" : "start";
        int x = packet.IsFromClient ? ClientX - 12 : ServerX + 12;
        string css = finding.Request?.Frame == packet.Frame || isEnd ? "bad" : string.Empty;
        string time = string.Create(CultureInfo.InvariantCulture, $"+{(packet.Time - start) / 1e6:0.000} ms  #{packet.Frame}");
        _ = svg.AppendLine(CultureInfo.InvariantCulture, $"<text class=\"{css}\" x=\"{x}\" y=\"{y + 4}\" text-anchor=\"{anchor}\">{label}{mark}</text>");
        _ = svg.AppendLine(CultureInfo.InvariantCulture, $"<text class=\"dim\" x=\"{(packet.IsFromClient ? ServerX + 12 : ClientX - 12)}\" y=\"{tipY + 4}\" text-anchor=\"{(packet.IsFromClient ? "start" : "end")}\">{time}</text>");
    }

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
