namespace StaleConnGuard.Decisions;

/// <summary>
/// What a method becomes on the wire. Methods are case-sensitive (RFC 9110 9.1), but the runtime writes those it knows in capitals, whatever their spelling:
/// <c>new HttpMethod("get")</c> leaves as GET. All others leave as they are spelled.
/// </summary>
internal static class WireMethod
{
    private static readonly HttpMethod[] s_known =
    [
        HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Head, HttpMethod.Options, HttpMethod.Trace, HttpMethod.Patch, HttpMethod.Connect,
        HttpMethod.Query,
    ];

    /// <summary>The method in capitals when the runtime knows it; null otherwise.</summary>
    public static string? KnownName(HttpMethod method)
    {
        // Methods are compared without regard to case.
        foreach (HttpMethod known in s_known)
        {
            if (known == method)
            {
                return known.Method;
            }
        }

        return null;
    }
}
