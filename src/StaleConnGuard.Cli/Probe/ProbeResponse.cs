using System.Globalization;

namespace StaleConnGuard.Cli;

/// <summary>What matters of a response: its first line, and what it says about the connection.</summary>
internal sealed class ProbeResponse
{
    private readonly List<string> _connection = [];

    public required string Version { get; init; }

    public required int Status { get; init; }

    public BodyFraming Framing { get; private set; } = BodyFraming.UntilClose;

    public long ContentLength { get; private set; }

    /// <summary>Gets what it says in <c>Keep-Alive: timeout=</c>; of several the smallest.</summary>
    public TimeSpan? Advertised { get; private set; }

    /// <summary>Gets whether it says that the connection is closed: with <c>Connection: close</c>, or by being HTTP/1.0 and not saying keep-alive.</summary>
    public bool SaysClose => Says("close") || (Version == "HTTP/1.0" && !Says("keep-alive"));

    public static ProbeResponse Parse(string head, string method)
    {
        string[] lines = head.Split('\n');
        string[] first = lines[0].Trim().Split(' ', 3);
        if (first.Length < 2 || first[0] is not ("HTTP/1.1" or "HTTP/1.0") || first[1].Length != 3
            || !int.TryParse(first[1], NumberStyles.None, CultureInfo.InvariantCulture, out int status))
        {
            throw new InvalidDataException($"the answer begins with '{Shortened(lines[0])}'");
        }

        var response = new ProbeResponse { Version = first[0], Status = status };
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                response.Apply(line[..colon].Trim(), line[(colon + 1)..].Trim());
            }
        }

        if (method == "HEAD" || status is 204 or 304 or (>= 100 and < 200))
        {
            response.Framing = BodyFraming.None;
        }

        return response;
    }

    /// <summary>What came, cut to a length that fits into one line, nothing in it that a terminal would obey.</summary>
    public static string Shortened(string text) =>
        string.Concat(text.TrimEnd().Take(40).Select(character => character is >= ' ' and <= '~' ? character : '.'));

    private void Apply(string name, string value)
    {
        if (name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
        {
            Framing = value.EndsWith("chunked", StringComparison.OrdinalIgnoreCase) ? BodyFraming.Chunked : BodyFraming.UntilClose;
        }
        else if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) && Framing != BodyFraming.Chunked)
        {
            Framing = BodyFraming.ContentLength;
            ContentLength = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long length)
                ? length
                : throw new InvalidDataException($"its Content-Length is '{Shortened(value)}'");
        }
        else if (name.Equals("Connection", StringComparison.OrdinalIgnoreCase))
        {
            _connection.AddRange(value.Split(',', StringSplitOptions.TrimEntries));
        }
        else if (name.Equals(KeepAliveHeader.Name, StringComparison.OrdinalIgnoreCase) && KeepAliveHeader.TryParse(value, out TimeSpan timeout)
            && !(timeout >= Advertised))
        {
            Advertised = timeout;
        }
    }

    private bool Says(string option) => _connection.Contains(option, StringComparer.OrdinalIgnoreCase);
}
