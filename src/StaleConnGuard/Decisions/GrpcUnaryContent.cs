namespace StaleConnGuard.Decisions;

/// <summary>
/// The content of a unary or server-streaming gRPC call (Grpc.Net.Client): one message in memory, which is serialized anew each time it is sent. Its class is not public,
/// so it is known by its name; one that is renamed is a content of which nothing is known.
/// </summary>
internal static class GrpcUnaryContent
{
    public static bool Is(Type type) =>
        type.IsGenericType
        && type.Name.StartsWith("PushUnaryContent`", StringComparison.Ordinal)
        && type.Namespace == "Grpc.Net.Client.Internal"
        && type.Assembly.GetName().Name == "Grpc.Net.Client";
}
