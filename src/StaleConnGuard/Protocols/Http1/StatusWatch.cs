using System.Runtime.InteropServices;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// Reads the status of a response from its first twelve bytes, "HTTP/1.1 101", however they are cut, going past interim responses. It
/// tells when a connection is no longer HTTP. A mutable struct owned by the reading side of one stream.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct StatusWatch
{
    private const int StatusAt = 9;
    private const int StatusEnd = 12;

    private byte _position;
    private short _status;
    private bool _skipping;
    private bool _lineIsEmpty;

    /// <summary>The final status has been read, 101 included.</summary>
    public bool IsDecided { get; private set; }

    public void Reset() => this = default;

    /// <summary>The final status when these bytes complete it, otherwise null.</summary>
    public int? Feed(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            if (_skipping)
            {
                SkipInterim(b);
                continue;
            }

            if (_position >= StatusAt)
            {
                _status = (short)((_status * 10) + (b - '0'));
            }

            if (++_position < StatusEnd)
            {
                continue;
            }

            if (_status is >= 100 and < 200 and not 101)
            {
                _skipping = true;
                continue;
            }

            IsDecided = true;
            return _status;
        }

        return null;
    }

    /// <summary>An interim response ends with its first empty line.</summary>
    private void SkipInterim(byte b)
    {
        if (b != '\n')
        {
            _lineIsEmpty &= b == '\r';
            return;
        }

        if (_lineIsEmpty)
        {
            Reset();
            return;
        }

        _lineIsEmpty = true;
    }
}
