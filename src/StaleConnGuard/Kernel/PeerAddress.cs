using System.Net.Sockets;

namespace StaleConnGuard.Kernel;

/// <summary>
/// The runtime asks a new connection's socket for its peer's address, and of one that was reset meanwhile there is none: the request fails with a bare
/// <see cref="SocketException"/>, which is no <see cref="HttpRequestException"/> and is retried by nobody. A socket remembers what it has once answered, so it is asked while
/// a failure still is that of a connection which could not be made.
/// </summary>
internal static class PeerAddress
{
    /// <exception cref="SocketException">The connection has been reset.</exception>
    public static void LookUp(Socket socket) => _ = socket.RemoteEndPoint;

    /// <summary>The same for a stream of the application, which is closed when it has no peer any more.</summary>
    /// <exception cref="SocketException">The connection has been reset.</exception>
    public static void LookUp(Stream stream)
    {
        if (stream is not NetworkStream network)
        {
            return;
        }

        try
        {
            LookUp(network.Socket);
        }
        catch (SocketException)
        {
            stream.Dispose();
            throw;
        }
    }
}
