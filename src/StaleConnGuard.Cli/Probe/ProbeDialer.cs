using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace StaleConnGuard.Cli;

/// <summary>Opens connections to the server, and says in a few words why it cannot.</summary>
internal sealed class ProbeDialer(Uri address, bool insecure)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    /// <exception cref="CannotProbeException">There is no connection to be had.</exception>
    public async Task<ProbeConnection> DialAsync(CancellationToken cancellationToken)
    {
        (Socket socket, Stream stream) = await OpenAsync([SslApplicationProtocol.Http11], cancellationToken);
        return new ProbeConnection(socket, stream);
    }

    /// <summary>Whether the server, offered both, takes HTTP/2. Null without TLS, and when it cannot be told.</summary>
    public async Task<bool?> PrefersHttp2Async(CancellationToken cancellationToken)
    {
        if (address.Scheme != Uri.UriSchemeHttps)
        {
            return null;
        }

        try
        {
            (Socket socket, Stream stream) = await OpenAsync([SslApplicationProtocol.Http2, SslApplicationProtocol.Http11], cancellationToken);
            using (socket)
            {
                await using (stream)
                {
                    return stream is SslStream secure && secure.NegotiatedApplicationProtocol == SslApplicationProtocol.Http2;
                }
            }
        }
        catch (CannotProbeException)
        {
            return null;
        }
    }

    private async Task<(Socket Socket, Stream Stream)> OpenAsync(List<SslApplicationProtocol> protocols, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.IdnHost, address.Port, patience.Token);
            var plain = new NetworkStream(socket, ownsSocket: false);
            return (socket, address.Scheme == Uri.UriSchemeHttps ? await SecureAsync(plain, protocols, patience.Token) : plain);
        }
        catch (Exception exception)
        {
            bool isConnected = socket.Connected;
            socket.Dispose();
            throw Explain(exception, isConnected, cancellationToken) ?? exception;
        }
    }

    private async Task<Stream> SecureAsync(Stream plain, List<SslApplicationProtocol> protocols, CancellationToken cancellationToken)
    {
        var secure = new SslStream(plain);
        var options = new SslClientAuthenticationOptions { TargetHost = address.IdnHost, ApplicationProtocols = protocols };
        if (insecure)
        {
#pragma warning disable CA5359 // Asked for by --insecure: what is measured is a time, and only headers given on the command line are sent.
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        try
        {
            await secure.AuthenticateAsClientAsync(options, cancellationToken);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }

    private CannotProbeException? Explain(Exception exception, bool isConnected, CancellationToken cancellationToken) => exception switch
    {
        OperationCanceledException when cancellationToken.IsCancellationRequested => null,
        OperationCanceledException when isConnected => new($"TLS failure: no handshake within {Duration.Format(s_patience)}", exception),
        OperationCanceledException => new($"unreachable: port {address.Port} of {address.Host} does not answer within {Duration.Format(s_patience)}", exception),
        AuthenticationException => new($"TLS failure: {(exception.InnerException ?? exception).Message}", exception),
        IOException => new("TLS failure: the connection ended within the handshake", exception),
        SocketException socket => Explain(socket),
        _ => null,
    };

    private CannotProbeException Explain(SocketException exception) => exception.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => new($"name not found: {address.Host}", exception),
        SocketError.ConnectionRefused => new($"refused: nothing listens on port {address.Port} of {address.Host}", exception),
        _ => new($"unreachable: {exception.Message}", exception),
    };
}
