using System.Net;

namespace StaleConnGuard.Diagnosis;

/// <summary>Which connections are looked at. Immutable.</summary>
/// <param name="Port">The server's port; null for any.</param>
/// <param name="Host">An address at either end; null for any.</param>
/// <param name="Clients">The network that clients are in; null for any.</param>
internal sealed record CaptureFilter(int? Port = null, IPAddress? Host = null, IPNetwork? Clients = null)
{
    private readonly Endpoint? _host = Host is null ? null : Endpoint.Of(Host, 0);

    public bool Accepts(in TcpSegment segment) =>
        (Port is null || segment.Source.Port == Port || segment.Destination.Port == Port)
        && (_host is null || IsHost(segment.Source) || IsHost(segment.Destination));

    /// <summary>Asked when it is known which side is the client.</summary>
    public bool Accepts(TcpConnection connection) =>
        (Clients is null || (connection.HasDirection && Clients.Value.Contains(connection.Client.ToAddress())))
        && (Port is null || !connection.HasDirection || connection.Server.Port == Port);

    private bool IsHost(Endpoint endpoint) => endpoint.Address == _host!.Value.Address && endpoint.IsIPv6 == _host.Value.IsIPv6;
}
