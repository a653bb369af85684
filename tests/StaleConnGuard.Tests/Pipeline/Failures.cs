namespace StaleConnGuard.Tests.Pipeline;

/// <summary>Exceptions of the shapes that the runtime's handler throws.</summary>
internal static class Failures
{
    public static Exception Reset() => new HttpRequestException(HttpRequestError.Unknown, "reset", new IOException("reset", new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.ConnectionReset)));

    public static Exception Ended() => new HttpRequestException(HttpRequestError.ResponseEnded, "ended", new HttpIOException(HttpRequestError.ResponseEnded));

    public static Exception Refused() => new HttpRequestException(HttpRequestError.ConnectionError, "refused", new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.ConnectionRefused));

    public static Exception ConnectTimeout() => new TaskCanceledException("canceled", new TimeoutException("A connection could not be established within the configured ConnectTimeout."));
}
