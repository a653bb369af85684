using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Testing;

/// <summary>
/// An address that takes no connection and refuses none, without root: a listener that accepts nothing and whose queue is full. Linux drops what knocks
/// there, as a firewall does.
/// </summary>
public sealed class BlackHole : IDisposable
{
    private readonly Socket _listener;
    private readonly List<Socket> _filling = [];

    /// <param name="address">An address of this machine that nobody else listens on.</param>
    /// <param name="port">Its port, or 0 for any.</param>
    public BlackHole(IPAddress address, int port)
    {
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(address, port));
        _listener.Listen(0);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        for (int i = 0; i < 8; i++)
        {
            var filling = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _filling.Add(filling);
            try
            {
                filling.Connect(EndPoint);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // It is on its way, or dropped already.
            }
        }
    }

    public IPEndPoint EndPoint { get; }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (Socket filling in _filling)
        {
            filling.Dispose();
        }
    }
}
