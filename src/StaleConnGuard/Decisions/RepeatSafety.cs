namespace StaleConnGuard.Decisions;

/// <summary>
/// Whether a request is safe to repeat: sent twice, it has the effect of once. Idempotent by method (RFC 9110 9.2.2, RFC 10008
/// for QUERY), marked by the caller, or carrying an idempotency key the caller chose.
/// </summary>
internal static class RepeatSafety
{
    private const string IdempotencyKey = "Idempotency-Key";
    private const string XIdempotencyKey = "X-Idempotency-Key";

    private static readonly HttpRequestOptionsKey<bool> s_mark = new("StaleConnGuard.SafeToRepeat");

    // As long as nobody in the process marks a request, their options are not looked into: merely asking for them makes them.
    private static volatile bool s_everMarked;

    /// <summary>A request of which nothing is known (null) is not safe.</summary>
    public static bool IsSafeToRepeat(HttpRequestMessage? request) => request is not null && IsSafeToRepeat(request, request.Method);

    /// <summary>Judged by the method it was given to the handler with; a redirect may have changed it since.</summary>
    public static bool IsSafeToRepeat(HttpRequestMessage request, HttpMethod method)
    {
        if (IsIdempotent(method))
        {
            return true;
        }

        if (s_everMarked && request.Options.TryGetValue(s_mark, out bool marked) && marked)
        {
            return true;
        }

        // The value is the server's business; its presence is the caller's word. An empty one says nothing.
        return CarriesValue(request, IdempotencyKey) || CarriesValue(request, XIdempotencyKey);
    }

    /// <summary>The caller's word for one request.</summary>
    public static void Mark(HttpRequestMessage request)
    {
        s_everMarked = true;
        request.Options.Set(s_mark, true);
    }

    /// <summary>As the method stands on the wire: the runtime writes GET for "get". An unknown method is not safe.</summary>
    public static bool IsIdempotent(HttpMethod method) => WireMethod.KnownName(method) switch
    {
        "GET" or "HEAD" or "OPTIONS" or "TRACE" or "PUT" or "DELETE" or "QUERY" => true,
        _ => false,
    };

    /// <summary>The same, for a method as it stands on the wire.</summary>
    public static bool IsIdempotent(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("GET"u8) || method.SequenceEqual("HEAD"u8) || method.SequenceEqual("OPTIONS"u8) || method.SequenceEqual("TRACE"u8)
        || method.SequenceEqual("PUT"u8) || method.SequenceEqual("DELETE"u8) || method.SequenceEqual("QUERY"u8);

    private static bool CarriesValue(HttpRequestMessage request, string name)
    {
        if (!request.Headers.NonValidated.TryGetValues(name, out var values))
        {
            return false;
        }

        foreach (string value in values)
        {
            if (!string.IsNullOrWhiteSpace(value))
            {
                return true;
            }
        }

        return false;
    }
}
