namespace StaleConnGuard.Protocols.Tunnels;

/// <summary>
/// A transport that leads to a proxy, while the connection that will run through it has not been tied to it yet: whoever writes on it says in which flow
/// of execution the tunnel is made. Passes on what the transport tells. Thread-safe.
/// </summary>
internal sealed class TunnelUnderWay : ITransportListener
{
    private readonly ITransportListener? _next;
    private volatile bool _isUnderWay = true;

    private TunnelUnderWay(TransportStream transport)
    {
        Transport = transport;
        _next = transport.Listener;
    }

    public TransportStream Transport { get; }

    /// <summary>False once the tunnel is tied to its connection, or its transport is gone.</summary>
    public bool IsUnderWay => _isUnderWay;

    /// <summary>Listens to the transport from now on, until the tunnel is tied or the transport gone.</summary>
    public static TunnelUnderWay On(TransportStream transport)
    {
        var tunnel = new TunnelUnderWay(transport);
        transport.Listener = tunnel;
        return tunnel;
    }

    public void BeforeWrite()
    {
        if (_isUnderWay && Exchange.Current is Exchange maker)
        {
            TunnelTransports.Of(maker).Add(this);
        }

        _next?.BeforeWrite();
    }

    public void Disposed()
    {
        _isUnderWay = false;
        _next?.Disposed();
    }

    /// <summary>The connection that runs through the tunnel is known. Steps out of the way.</summary>
    public TransportStream Tie()
    {
        _isUnderWay = false;
        Transport.Listener = _next;
        return Transport;
    }
}
