using System.Net.Http.Headers;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// The response header <c>Keep-Alive: timeout=5, max=100</c> (RFC 2068 19.7.1; a comma-separated list of name=value, names in any case).
/// Only <c>timeout</c> is of use: <c>max</c> counts requests, which says nothing about idle connections. Reading never throws,
/// allocates nothing, and never yields more than was sent: of several timeouts the smallest counts, what is no number is ignored.
/// </summary>
internal static class KeepAliveHeader
{
    public const string Name = "Keep-Alive";

    private const string Parameter = "timeout";

    // One day, in seconds: also what keeps the accumulation below from overflowing.
    private static readonly long MaxSeconds = KeepAliveDefaults.MaxServerTimeout.Ticks / TimeSpan.TicksPerSecond;

    /// <summary>Reads one field value. False when it holds no usable timeout.</summary>
    /// <param name="value">The raw field value.</param>
    /// <param name="timeout">The smallest timeout in it, at most one day; 0 means that the server does not want the connection reused.</param>
    public static bool TryParse(ReadOnlySpan<char> value, out TimeSpan timeout)
    {
        long smallest = long.MaxValue;
        while (!value.IsEmpty)
        {
            int comma = value.IndexOf(',');
            ReadOnlySpan<char> item = comma < 0 ? value : value[..comma];
            value = comma < 0 ? default : value[(comma + 1)..];
            if (TryReadTimeout(item, out long seconds) && seconds < smallest)
            {
                smallest = seconds;
            }
        }

        timeout = smallest == long.MaxValue ? default : TimeSpan.FromSeconds(smallest);
        return smallest != long.MaxValue;
    }

    /// <summary>Reads all field values of a response: the smallest timeout of all lines counts.</summary>
    public static bool TryParse(in HeaderStringValues values, out TimeSpan timeout)
    {
        bool found = false;
        timeout = default;
        foreach (string value in values)
        {
            if (TryParse(value, out TimeSpan one) && (!found || one < timeout))
            {
                (found, timeout) = (true, one);
            }
        }

        return found;
    }

    private static bool TryReadTimeout(ReadOnlySpan<char> item, out long seconds)
    {
        seconds = 0;
        int equals = item.IndexOf('=');
        if (equals < 0)
        {
            return false;
        }

        if (!TrimBlank(item[..equals]).Equals(Parameter, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        ReadOnlySpan<char> digits = TrimBlank(item[(equals + 1)..]);
        if (digits.Length >= 2 && digits[0] == '"' && digits[^1] == '"')
        {
            digits = TrimBlank(digits[1..^1]);
        }

        if (digits.IsEmpty)
        {
            return false;
        }

        foreach (char c in digits)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            // Goes on past the cap, so that "99999999999x" is garbage and not a day.
            seconds = Math.Min((seconds * 10) + (c - '0'), MaxSeconds);
        }

        return true;
    }

    // RFC 9110 5.6.3: optional white space is SP and HTAB, nothing else.
    private static ReadOnlySpan<char> TrimBlank(ReadOnlySpan<char> text) => text.Trim(" \t");
}
