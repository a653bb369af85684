using System.Net.Http.Headers;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// <c>Retry-After</c> (RFC 9110 10.2.3): seconds or an HTTP-date. Read from the header's text, because the typed property of the
/// runtime refuses seconds beyond 2³¹ and reads a two-digit year by the calendar of the culture.
/// </summary>
internal static class RetryAfter
{
    private const string Name = "Retry-After";

    /// <summary>
    /// The wait that the server asks for, or null when it asks for none that can be understood. A date that has passed is zero; a number too
    /// large for a <see cref="TimeSpan"/> is <see cref="TimeSpan.MaxValue"/>. Of several, the longest: the field is no list, and the longest offends no server.
    /// </summary>
    public static TimeSpan? Read(HttpResponseMessage response, DateTimeOffset now)
    {
        if (!response.Headers.NonValidated.TryGetValues(Name, out HeaderStringValues values))
        {
            return null;
        }

        TimeSpan? longest = null;
        foreach (string value in values)
        {
            if (Parse(value, now) is TimeSpan wait && (longest is null || wait > longest))
            {
                longest = wait;
            }
        }

        return longest;
    }

    public static TimeSpan? Parse(ReadOnlySpan<char> value, DateTimeOffset now)
    {
        ReadOnlySpan<char> text = value.Trim(" \t");
        if (text.IsEmpty)
        {
            return null;
        }

        if (!text.ContainsAnyExceptInRange('0', '9'))
        {
            return Seconds(text);
        }

        if (!HttpDate.TryParse(text, now, out DateTimeOffset date))
        {
            return null;
        }

        return date > now ? date - now : TimeSpan.Zero;
    }

    private static TimeSpan Seconds(ReadOnlySpan<char> digits)
    {
        const long MaxSeconds = long.MaxValue / TimeSpan.TicksPerSecond;
        long seconds = 0;
        foreach (char digit in digits)
        {
            seconds = (seconds * 10) + (digit - '0');
            if (seconds > MaxSeconds)
            {
                return TimeSpan.MaxValue;
            }
        }

        return TimeSpan.FromTicks(seconds * TimeSpan.TicksPerSecond);
    }
}
