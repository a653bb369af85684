using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace StaleConnGuard.Lab;

/// <summary>Measures a server from outside: how far away it is, and at which idle age it closes a connection.</summary>
public static class IdleTimeoutProbe
{
    private const int Connects = 3;
    private const int IdleConnections = 9;

    // A moment at which this machine is busy must not spoil all measurements at once.
    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(25);

    // No divisor of the second that such timers beat at.
    private static readonly TimeSpan s_beat = TimeSpan.FromMilliseconds(170);

    /// <summary>The time that a TCP connect takes, the best of three: one round trip.</summary>
    /// <exception cref="SocketException">There is no connection to be had.</exception>
    public static async Task<TimeSpan> MeasureRoundTripAsync(Uri server, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < Connects; i++)
        {
            long start = Stopwatch.GetTimestamp();
            using Socket socket = await ConnectAsync(server, cancellationToken);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            best = took < best ? took : best;
        }

        return best;
    }

    /// <summary>
    /// The idle age at which the server closes, counted by the client from the last response byte; the median of nine connections, since
    /// a response that is read late makes it too small and an end that is read late too large. A FIN needs as long as the response did,
    /// so this is the server's own idle timeout.
    /// </summary>
    /// <returns>Null when a connection was still open after <paramref name="longest"/>.</returns>
    /// <exception cref="IOException">The server ended a connection without a response.</exception>
    /// <exception cref="SocketException">There is no connection to be had.</exception>
    public static async Task<TimeSpan?> MeasureIdleTimeoutAsync(Uri server, TimeSpan longest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        TimeSpan?[] ages = await MeasureAllAsync(server, longest, s_between, cancellationToken);
        return ages.Contains(null) ? null : ages.Order().ElementAt(IdleConnections / 2);
    }

    /// <summary>
    /// The idle ages at which the server closes nine connections, the smallest first. They are spread over more than a second, so that a
    /// server that closes on the beat of a timer shows how uneven it is.
    /// </summary>
    /// <exception cref="IOException">The server ended a connection without a response.</exception>
    /// <exception cref="SocketException">There is no connection to be had.</exception>
    /// <exception cref="TimeoutException">A connection was still open after <paramref name="longest"/>.</exception>
    public static async Task<IReadOnlyList<TimeSpan>> MeasureClosingAgesAsync(Uri server, TimeSpan longest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        TimeSpan?[] ages = await MeasureAllAsync(server, longest, s_beat, cancellationToken);
        return [.. ages.Select(age => age ?? throw new TimeoutException($"{server} keeps an idle connection for longer than {longest.TotalSeconds} s.")).Order()];
    }

    private static Task<TimeSpan?[]> MeasureAllAsync(Uri server, TimeSpan longest, TimeSpan between, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, IdleConnections).Select(async i =>
        {
            await Task.Delay(i * between, cancellationToken);
            return await MeasureOneAsync(server, longest, cancellationToken);
        }));

    private static async Task<TimeSpan?> MeasureOneAsync(Uri server, TimeSpan longest, CancellationToken cancellationToken)
    {
        using Socket socket = await ConnectAsync(server, cancellationToken);
        await using Stream stream = await OpenAsync(socket, server, cancellationToken);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {server.PathAndQuery} HTTP/1.1\r\nHost: {server.Authority}\r\n\r\n"), cancellationToken);

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        long? lastByte = null;
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                int read = await ReadAsync(stream, buffer, patience.Token);
                if (read == 0)
                {
                    return lastByte is { } idleSince
                        ? Stopwatch.GetElapsedTime(idleSince)
                        : throw new IOException($"{server} ended the connection without a response.");
                }

                lastByte = Stopwatch.GetTimestamp();
                patience.CancelAfter(longest);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    // Some servers end idle connections with a reset: an end as well.
    private static async ValueTask<int> ReadAsync(Stream stream, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return 0;
        }
    }

    private static async Task<Socket> ConnectAsync(Uri server, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server.IdnHost, server.Port, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Stream> OpenAsync(Socket socket, Uri server, CancellationToken cancellationToken)
    {
        var plain = new NetworkStream(socket, ownsSocket: false);
        if (server.Scheme == Uri.UriSchemeHttp)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = server.IdnHost }, cancellationToken);
        return secure;
    }
}
