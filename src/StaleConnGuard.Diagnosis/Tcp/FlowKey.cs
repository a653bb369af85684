using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>The two ends of a connection, the smaller first: the same for both directions.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FlowKey(Endpoint First, Endpoint Second)
{
    public static FlowKey Of(in TcpSegment segment) => Endpoint.Compare(segment.Source, segment.Destination) <= 0
        ? new FlowKey(segment.Source, segment.Destination)
        : new FlowKey(segment.Destination, segment.Source);
}
