using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace StaleConnGuard.Testing;

/// <summary>
/// What a <c>Keep-Alive</c> value says, read in the most obvious way (regular expression, numbers of any size), to judge the
/// library's reader by.
/// </summary>
public static partial class KeepAliveReference
{
    private static readonly BigInteger s_day = 86_400;

    /// <summary>The smallest timeout in it, or null.</summary>
    public static TimeSpan? Read(string value)
    {
        BigInteger? smallest = null;
        foreach (string item in value.Split(','))
        {
            Match match = Timeout().Match(item);
            if (match.Success)
            {
                var seconds = BigInteger.Parse(match.Groups["plain"].Value + match.Groups["quoted"].Value, CultureInfo.InvariantCulture);
                smallest = smallest is { } other && other < seconds ? other : seconds;
            }
        }

        return smallest is { } found ? TimeSpan.FromSeconds((long)BigInteger.Min(found, s_day)) : null;
    }

    /// <summary>Null, or how the library's reader is wrong about this value.</summary>
    public static string? Complaint(string value)
    {
        TimeSpan? expected = Read(value);
        TimeSpan? actual = KeepAliveHeader.TryParse(value, out TimeSpan timeout) ? timeout : null;
        return actual == expected ? null : $"read as {actual?.ToString() ?? "nothing"}, expected {expected?.ToString() ?? "nothing"}";
    }

    [GeneratedRegex("""\A[ \t]*timeout[ \t]*=[ \t]*((?<plain>[0-9]+)|"[ \t]*(?<quoted>[0-9]+)[ \t]*")[ \t]*\z""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Timeout();
}
