using System.Globalization;

namespace StaleConnGuard.Testing;

/// <summary>A capture of a given size, made while it is read: connections one after the other, some thousand open at once, each tenth of them with a request lost in flight.</summary>
public sealed class EndlessCaptureStream(long size) : Stream
{
    private const int OpenAtOnce = 2000;
    private const int FileHeader = 24;

    // Two exchanges with bodies as they are in the field, then the server's close.
    private static readonly string s_response = $"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{new string('x', 900)}";

    private byte[] _part = new CaptureScript().ToArray();
    private int _at;
    private long _given;
    private int _round;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => size;

    public override long Position
    {
        get => _given;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (_at == _part.Length)
        {
            if (_given >= size)
            {
                return 0;
            }

            _part = Round(_round++);
            _at = 0;
        }

        int taken = Math.Min(count, _part.Length - _at);
        _part.AsSpan(_at, taken).CopyTo(buffer.AsSpan(offset));
        _at += taken;
        _given += taken;
        return taken;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static byte[] Round(int round)
    {
        var script = new CaptureScript();
        double start = round * 3000.0;
        ScriptedExchange[] exchanges = [.. Enumerable.Range(0, OpenAtOnce).Select(i => new ScriptedExchange(script, (ushort)(20000 + (((round & 7) * OpenAtOnce) + i)), clientStart: (uint)((round * 7919) + i)))];
        foreach (ScriptedExchange exchange in exchanges)
        {
            _ = exchange.Handshake(start);
        }

        for (int request = 1; request <= 4; request++)
        {
            foreach (ScriptedExchange exchange in exchanges)
            {
                _ = exchange.Answered(start + (request * 100), string.Create(CultureInfo.InvariantCulture, $"GET /items/{request} HTTP/1.1\r\nHost: server\r\n\r\n"), s_response);
            }
        }

        for (int i = 0; i < exchanges.Length; i++)
        {
            if (i % 10 == 0)
            {
                _ = exchanges[i].Request(start + 1409);
            }

            _ = exchanges[i].ServerFin(start + 1410).ClientSeesAll().FromClient(start + 1411, CaptureScript.Fin | CaptureScript.Ack);
        }

        return script.ToArray()[FileHeader..];
    }
}
