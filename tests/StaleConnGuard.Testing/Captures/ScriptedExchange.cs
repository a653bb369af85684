using System.Text;

namespace StaleConnGuard.Testing;

/// <summary>One connection in a <see cref="CaptureScript"/>, told from its two sides; keeps the sequence numbers. Starts near the wrap-around, each port elsewhere.</summary>
public sealed class ScriptedExchange(CaptureScript script, ushort clientPort = 40000, ushort serverPort = 9000, uint? clientStart = null)
{
    private const uint ClientStart = 0xFFFF_FF80;
    private const uint ServerStart = 0xFFFF_FFF0;
    private const ushort FirstPort = 40000;

    private uint _client = clientStart ?? StartOf(clientPort);
    private uint _server = ServerStart;

    /// <summary>What the client's next segment acknowledges; moves with the server's bytes unless it is held back.</summary>
    public uint ClientAcknowledges { get; set; } = ServerStart;

    /// <summary>What the server's next segment acknowledges.</summary>
    public uint ServerAcknowledges { get; set; } = clientStart ?? StartOf(clientPort);

    public ScriptedExchange Handshake(double at, double roundTrip = 10)
    {
        _ = script.Segment(at, clientPort, serverPort, _client++, 0, CaptureScript.Syn);
        ServerAcknowledges = _client;
        _ = script.Segment(at + roundTrip, serverPort, clientPort, _server++, ServerAcknowledges, CaptureScript.Syn | CaptureScript.Ack);
        ClientAcknowledges = _server;
        return FromClient(at + roundTrip + 0.1, CaptureScript.Ack);
    }

    /// <summary>The same, captured at the server: what is waited for is the client.</summary>
    public ScriptedExchange HandshakeSeenAtServer(double at, double roundTrip)
    {
        _ = script.Segment(at, clientPort, serverPort, _client++, 0, CaptureScript.Syn);
        ServerAcknowledges = _client;
        _ = script.Segment(at + 0.1, serverPort, clientPort, _server++, ServerAcknowledges, CaptureScript.Syn | CaptureScript.Ack);
        ClientAcknowledges = _server;
        return FromClient(at + roundTrip, CaptureScript.Ack);
    }

    /// <summary>A request and its whole answer.</summary>
    public ScriptedExchange Answered(double at, string request = "GET /warm HTTP/1.1\r\n\r\n", string response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") =>
        Request(at, request).Taken().Respond(at + 10, response);

    public ScriptedExchange Request(double at, string request = "POST /orders?secret=1 HTTP/1.1\r\n\r\n") => FromClient(at, CaptureScript.Push | CaptureScript.Ack, request);

    /// <summary>The server has got all that was sent.</summary>
    public ScriptedExchange Taken()
    {
        ServerAcknowledges = _client;
        return this;
    }

    public ScriptedExchange Respond(double at, string response)
    {
        _ = FromServer(at, CaptureScript.Push | CaptureScript.Ack, response);
        ClientAcknowledges = _server;
        return this;
    }

    public ScriptedExchange FromClient(double at, byte flags, string payload = "", bool isRepeated = false)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(payload);
        _ = script.Segment(at, clientPort, serverPort, isRepeated ? _client - (uint)bytes.Length : _client, ClientAcknowledges, flags, bytes);
        if (!isRepeated)
        {
            _client += (uint)bytes.Length + (uint)(flags & CaptureScript.Fin);
        }

        return this;
    }

    public ScriptedExchange FromServer(double at, byte flags, string payload = "")
    {
        byte[] bytes = Encoding.Latin1.GetBytes(payload);
        _ = script.Segment(at, serverPort, clientPort, _server, (flags & CaptureScript.Ack) != 0 ? ServerAcknowledges : 0, flags, bytes);
        _server += (uint)bytes.Length + (uint)(flags & CaptureScript.Fin);
        return this;
    }

    /// <summary>The server's FIN; the client has not got it yet.</summary>
    public ScriptedExchange ServerFin(double at) => FromServer(at, CaptureScript.Fin | CaptureScript.Ack);

    public ScriptedExchange ClientSeesAll()
    {
        ClientAcknowledges = _server;
        return this;
    }

    /// <summary>A reset in answer to a segment of no connection.</summary>
    public ScriptedExchange ServerAnswersWithReset(double at)
    {
        _ = script.Segment(at, serverPort, clientPort, ClientAcknowledges, 0, CaptureScript.Reset);
        return this;
    }

    private static uint StartOf(ushort port) => unchecked(ClientStart - (uint)(port - FirstPort));
}
