using System.Runtime.InteropServices;

namespace StaleConnGuard;

/// <summary>
/// Watches the first twelve bytes of a response, "HTTP/1.1 101", however they are cut, for the one status after which the connection
/// is no longer HTTP. A mutable struct owned by the reading side of one stream.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct StatusWatch
{
    private const int StatusAt = 9;
    private const int StatusEnd = 12;

    private int _position;
    private int _status;

    public enum Verdict
    {
        Undecided,
        Http,
        Interim,
        SwitchingProtocols,
    }

    public readonly bool IsDecided => _position >= StatusEnd;

    public void Reset()
    {
        _position = 0;
        _status = 0;
    }

    public Verdict Feed(ReadOnlySpan<byte> bytes)
    {
        if (_position >= StatusEnd)
        {
            return Verdict.Http;
        }

        foreach (byte b in bytes)
        {
            if (_position >= StatusAt)
            {
                _status = (_status * 10) + (b - '0');
            }

            if (++_position == StatusEnd)
            {
                return _status switch
                {
                    101 => Verdict.SwitchingProtocols,
                    >= 100 and < 200 => Verdict.Interim,
                    _ => Verdict.Http,
                };
            }
        }

        return Verdict.Undecided;
    }
}
