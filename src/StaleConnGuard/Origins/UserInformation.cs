namespace StaleConnGuard.Origins;

/// <summary>Takes user information (RFC 3986 3.2.1: a name, and often a password) out of text that is to be shown and may hold an address.</summary>
internal static class UserInformation
{
    private const string Hidden = "***";

    /// <summary>
    /// The same text with what stands before the last @ hidden, as far back as the scheme or the beginning. More rather than less: what a
    /// mistyped address holds is anybody's guess.
    /// </summary>
    public static string Hide(string text)
    {
        int at = text.LastIndexOf('@');
        if (at < 0)
        {
            return text;
        }

        int scheme = text.IndexOf("//", StringComparison.Ordinal);
        int start = scheme >= 0 && scheme < at ? scheme + 2 : 0;
        return string.Concat(text.AsSpan(0, start), Hidden, text.AsSpan(at));
    }
}
