using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace StaleConnGuard.Hosting;

/// <summary>
/// The stream that gRPC makes of a connection. <c>Grpc.Net.Client</c> connects by itself for every channel on a <see cref="SocketsHttpHandler"/>, and puts a class of its own, which is not
/// public, around the socket's stream. Reached with <see cref="UnsafeAccessorAttribute"/>, as <see cref="UnderlyingHandler"/> is: no reflection, so trimming and native AOT keep it.
/// </summary>
internal static class GrpcStream
{
    private const string TypeName = "Grpc.Net.Client.Balancer.Internal.StreamWrapper";
    private const string AssemblyName = "Grpc.Net.Client";

    /// <summary>Puts another stream on the same socket in the place of the socket's own. Null when it is no stream of gRPC's, or one of a version that keeps it elsewhere.</summary>
    public static TransportStream? Replace(Stream stream, Func<NetworkStream, TransportStream> replacement)
    {
        Type type = stream.GetType();
        if (type.FullName != TypeName || type.Assembly.GetName().Name != AssemblyName)
        {
            return null;
        }

        try
        {
            ref Stream inner = ref Inner(stream);
            if (inner.GetType() != typeof(NetworkStream))
            {
                return null;
            }

            TransportStream transport = replacement((NetworkStream)inner);
            inner = transport;
            return transport;
        }
        catch (Exception e) when (e is MissingFieldException or TypeLoadException or FileNotFoundException or InvalidCastException)
        {
            return null;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_inner")]
    private static extern ref Stream Inner([UnsafeAccessorType($"{TypeName}, {AssemblyName}")] object stream);
}
