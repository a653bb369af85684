using System.Globalization;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// The three forms of an HTTP-date (RFC 9110 5.6.7), case-sensitive as the grammar is. The day's name must be one, but need not fit the
/// date: the date is what counts, so the runtime parses what stands behind the name.
/// </summary>
internal static class HttpDate
{
    private const string ImfFixdate = "dd MMM yyyy HH:mm:ss 'GMT'";
    private const string Rfc850 = "dd-MMM-yyyy HH:mm:ss 'GMT'";
    private const string Asctime = "MMM dd HH:mm:ss yyyy";

    private static readonly DateTimeFormatInfo s_names = CultureInfo.InvariantCulture.DateTimeFormat;

    public static bool TryParse(ReadOnlySpan<char> text, DateTimeOffset now, out DateTimeOffset date)
    {
        date = default;
        int comma = text.IndexOf(',');
        return comma switch
        {
            // Sun Nov  6 08:49:37 1994
            -1 => text.Length is 24 && text[3] is ' ' && s_names.AbbreviatedDayNames.Contains(text[..3].ToString()) && TryParseAsctime(text[4..].ToString(), out date),

            // Sun, 06 Nov 1994 08:49:37 GMT
            3 => text.Length is 29 && text[4] is ' ' && s_names.AbbreviatedDayNames.Contains(text[..3].ToString()) && TryParse(text[5..].ToString(), ImfFixdate, out date),

            // Sunday, 06-Nov-94 08:49:37 GMT
            _ => text.Length == comma + 24 && text[comma + 1] is ' ' && s_names.DayNames.Contains(text[..comma].ToString()) && TryParseRfc850(text[(comma + 2)..].ToString(), now, out date),
        };
    }

    private static bool TryParseAsctime(string text, out DateTimeOffset date) =>
        TryParse(text[4] is ' ' ? $"{text[..4]}0{text[5..]}" : text, Asctime, out date);

    /// <summary>
    /// A year that would lie more than 50 years ahead is the last one before it with the same two digits. Starting one century up
    /// makes the rule hold across the turn of a century as well.
    /// </summary>
    private static bool TryParseRfc850(string text, DateTimeOffset now, out DateTimeOffset date)
    {
        date = default;
        DateTimeOffset latest = now.Year <= 9949 ? now.AddYears(50) : DateTimeOffset.MaxValue;
        int century = (now.Year / 100) + 1;
        for (int tries = 0; tries < 3; tries++, century--)
        {
            // 29-Feb may exist in one century and not in the other.
            string whole = string.Create(CultureInfo.InvariantCulture, $"{text[..7]}{century:00}{text[7..]}");
            if (TryParse(whole, Rfc850, out date) && date <= latest)
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryParse(string text, string format, out DateTimeOffset date)
    {
        // The grammar allows a leap second. The runtime takes names in any case; what it would have written itself is in the right one.
        text = text.Replace(":60 ", ":59 ", StringComparison.Ordinal);
        return DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out date)
            && date.ToString(format, CultureInfo.InvariantCulture) == text;
    }
}
