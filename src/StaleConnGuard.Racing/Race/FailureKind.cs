using System.Net.Sockets;

namespace StaleConnGuard.Racing;

/// <summary>Names the ways in which a request can fail, so that equal failures can be counted.</summary>
public static class FailureKind
{
    /// <summary>The name of the exception and what tells it from others of its type, such as <c>HttpRequestException (ResponseEnded)</c>; of a
    /// <see cref="StaleConnectionException"/> its delivery as well.</summary>
    public static string Of(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (exception is HttpRequestException { StatusCode: { } status })
        {
            return $"HTTP {(int)status}";
        }

        string name = exception.GetType().Name;
        string? cause = CauseOf(exception);
        return exception is StaleConnectionException stale
            ? $"{name} ({stale.Delivery}, {cause})"
            : cause is null ? name : $"{name} ({cause})";
    }

    private static string? CauseOf(Exception exception)
    {
        if (SocketErrorOf(exception) is { } socketError)
        {
            return socketError.ToString();
        }

        return exception is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } failure ? failure.HttpRequestError.ToString() : null;
    }

    private static SocketError? SocketErrorOf(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException socketException)
            {
                return socketException.SocketErrorCode;
            }
        }

        return null;
    }
}
