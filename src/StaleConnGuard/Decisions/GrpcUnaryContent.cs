namespace StaleConnGuard.Decisions;

/// <summary>
/// The content of a unary or server-streaming gRPC call (Grpc.Net.Client): one message in memory, which is serialized anew each time it is sent. Its class is not public,
/// so it is known by its name; one that is renamed is a content of which nothing is known.
/// </summary>
internal static class GrpcUnaryContent
{
    // Asking an assembly for its name makes one.
    private static volatile Type? s_definition;

    public static bool Is(Type type)
    {
        if (!type.IsGenericType)
        {
            return false;
        }

        Type definition = type.GetGenericTypeDefinition();
        if (ReferenceEquals(definition, s_definition))
        {
            return true;
        }

        if (definition.Name != "PushUnaryContent`2" || definition.Namespace != "Grpc.Net.Client.Internal" || definition.Assembly.GetName().Name != "Grpc.Net.Client")
        {
            return false;
        }

        s_definition = definition;
        return true;
    }
}
