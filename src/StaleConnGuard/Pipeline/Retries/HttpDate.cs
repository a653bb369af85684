namespace StaleConnGuard.Pipeline;

/// <summary>
/// The three forms of an HTTP-date (RFC 9110 5.6.7), case-sensitive as the grammar is. The day's name must be one, but need not fit the
/// date: the date is what counts.
/// </summary>
internal static class HttpDate
{
    private static readonly string[] ShortDays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    private static readonly string[] LongDays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private static readonly string[] Months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    public static bool TryParse(ReadOnlySpan<char> text, DateTimeOffset now, out DateTimeOffset date)
    {
        int comma = text.IndexOf(',');
        return comma switch
        {
            -1 => TryParseAsctime(text, out date),
            3 => TryParseImfFixdate(text, out date),
            _ => TryParseRfc850(text, comma, now, out date),
        };
    }

    // Sun, 06 Nov 1994 08:49:37 GMT
    private static bool TryParseImfFixdate(ReadOnlySpan<char> text, out DateTimeOffset date)
    {
        date = default;
        return text.Length is 29
            && IndexOf(ShortDays, text[..3]) >= 0
            && text[4] is ' ' && text[7] is ' ' && text[11] is ' ' && text[16] is ' ' && text[25..] is " GMT"
            && TryNumber(text[5..7], out int day)
            && TryMonth(text[8..11], out int month)
            && TryNumber(text[12..16], out int year)
            && TryCompose(year, month, day, text[17..25], out date);
    }

    // Sunday, 06-Nov-94 08:49:37 GMT
    private static bool TryParseRfc850(ReadOnlySpan<char> text, int comma, DateTimeOffset now, out DateTimeOffset date)
    {
        date = default;
        ReadOnlySpan<char> rest = text[(comma + 1)..];
        return IndexOf(LongDays, text[..comma]) >= 0
            && rest.Length is 23
            && rest[0] is ' ' && rest[3] is '-' && rest[7] is '-' && rest[10] is ' ' && rest[19..] is " GMT"
            && TryNumber(rest[1..3], out int day)
            && TryMonth(rest[4..7], out int month)
            && TryNumber(rest[8..10], out int twoDigits)
            && TryComposeTwoDigitYear(twoDigits, month, day, rest[11..19], now, out date);
    }

    // Sun Nov  6 08:49:37 1994
    private static bool TryParseAsctime(ReadOnlySpan<char> text, out DateTimeOffset date)
    {
        date = default;
        return text.Length is 24
            && IndexOf(ShortDays, text[..3]) >= 0
            && text[3] is ' ' && text[7] is ' ' && text[10] is ' ' && text[19] is ' '
            && TryMonth(text[4..7], out int month)
            && TryNumber(text[8] is ' ' ? text[9..10] : text[8..10], out int day)
            && TryNumber(text[20..], out int year)
            && TryCompose(year, month, day, text[11..19], out date);
    }

    /// <summary>
    /// A year that would lie more than 50 years ahead is the last one before it with the same two digits. Starting one century up
    /// makes the rule hold across the turn of a century as well.
    /// </summary>
    private static bool TryComposeTwoDigitYear(int twoDigits, int month, int day, ReadOnlySpan<char> time, DateTimeOffset now, out DateTimeOffset date)
    {
        DateTimeOffset latest = now.Year <= 9949 ? now.AddYears(50) : DateTimeOffset.MaxValue;
        for (int year = now.Year - (now.Year % 100) + 100 + twoDigits; year > now.Year - 100; year -= 100)
        {
            // 29-Feb may exist in one century and not in the other.
            if (TryCompose(year, month, day, time, out date) && date <= latest)
            {
                return true;
            }
        }

        date = default;
        return false;
    }

    private static bool TryCompose(int year, int month, int day, ReadOnlySpan<char> time, out DateTimeOffset date)
    {
        date = default;
        if (time[2] is not ':' || time[5] is not ':'
            || !TryNumber(time[..2], out int hour) || !TryNumber(time[3..5], out int minute) || !TryNumber(time[6..8], out int second))
        {
            return false;
        }

        // The grammar allows a leap second.
        if (year is < 1 or > 9999 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 60)
        {
            return false;
        }

        date = new DateTimeOffset(year, month, day, hour, minute, Math.Min(second, 59), TimeSpan.Zero);
        return true;
    }

    private static bool TryMonth(ReadOnlySpan<char> text, out int month)
    {
        month = IndexOf(Months, text) + 1;
        return month > 0;
    }

    private static int IndexOf(string[] names, ReadOnlySpan<char> text)
    {
        for (int i = 0; i < names.Length; i++)
        {
            if (text.SequenceEqual(names[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static bool TryNumber(ReadOnlySpan<char> digits, out int number)
    {
        number = 0;
        foreach (char c in digits)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            number = (number * 10) + (c - '0');
        }

        return digits.Length > 0;
    }
}
