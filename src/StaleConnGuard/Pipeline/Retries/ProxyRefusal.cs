namespace StaleConnGuard.Pipeline;

/// <summary>
/// What a proxy answered when it was asked for a tunnel. Nothing was sent to the server, so the request may be repeated whatever its method; but a proxy that
/// refuses the credentials (407, SOCKS) or the request as such will do so again, and many lock an account after a few attempts.
/// </summary>
internal static class ProxyRefusal
{
    /// <summary>The proxy has answered, and asking again is known to be of no use or does harm.</summary>
    public static bool IsFinal(HttpRequestException exception)
    {
        if (StatusOf(exception) is int status)
        {
            // 408 and 429 ask for another attempt, 5xx are about the way behind the proxy.
            return status is < 500 and not (408 or 429);
        }

        for (Exception? inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (SaysNotAuthenticated(inner))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The status that CONNECT was answered with. The runtime puts it into the words of its exception only, behind the proxy's address; they are not translated,
    /// and a program trimmed with UseSystemResourceKeys shows the resource's name and the same values.
    /// </summary>
    private static int? StatusOf(HttpRequestException exception)
    {
        if (exception.StatusCode is { } status)
        {
            return (int)status;
        }

        ReadOnlySpan<char> message = exception.Message;
        bool saysStatus = message.Contains("status code", StringComparison.Ordinal) || message.StartsWith("net_http_proxy_tunnel_returned_failure_status_code", StringComparison.Ordinal);
        int end = message.LastIndexOfAnyInRange('0', '9') + 1;
        if (!saysStatus || end < 3)
        {
            return null;
        }

        // Three digits and no more: an address without a status behind it ends with a port or a slash.
        ReadOnlySpan<char> digits = message[(end - 3)..end];
        bool alone = end == 3 || !char.IsAsciiDigit(message[end - 4]);
        return alone && !digits.ContainsAnyExceptInRange('0', '9') ? int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture) : null;
    }

    /// <summary>A SOCKS proxy; the runtime's exception has no type that could be asked for, nor a code.</summary>
    private static bool SaysNotAuthenticated(Exception exception) =>
        exception.GetType().Name == "SocksException" && exception.Message.Contains("auth", StringComparison.OrdinalIgnoreCase);
}
