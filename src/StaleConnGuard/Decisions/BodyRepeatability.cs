using System.Collections;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace StaleConnGuard.Decisions;

/// <summary>What can be done with a request's content once it has been read.</summary>
internal enum BodyRepeatability
{
    /// <summary>There is no content.</summary>
    None,

    /// <summary>Bytes in memory: sending them runs none of the application's code and can be done again.</summary>
    Memory,

    /// <summary>Can be sent again from its start; sending it runs code of the application (a seekable stream, a serializer).</summary>
    Restartable,

    /// <summary>Can be read once, or nothing is known of it.</summary>
    OneShot,
}

internal static class BodyRepeatabilityClassifier
{
    /// <summary>An unknown content type is one-shot: conservative, and without cost as long as nothing goes wrong.</summary>
    public static BodyRepeatability Classify(HttpContent? content) => content switch
    {
        null => BodyRepeatability.None,
        ByteArrayContent or ReadOnlyMemoryContent => BodyRepeatability.Memory,
        JsonContent json => ClassifyJson(json),
        MultipartContent parts => ClassifyParts(parts),
        // A subclass may override how it is written; only the class itself is known to rewind.
        StreamContent when content.GetType() == typeof(StreamContent) => ClassifyStream(content),
        _ => GrpcUnaryContent.Is(content) ? BodyRepeatability.Restartable : BodyRepeatability.OneShot,
    };

    public static bool CanBeSentAgain(this BodyRepeatability body) => body is not BodyRepeatability.OneShot;

    private static BodyRepeatability ClassifyJson(JsonContent json)
    {
        // A sequence that is no collection may be a cursor, or an iterator over some stream: enumerated twice it would be sent empty the second time.
        bool isSequence = json.Value is IEnumerable and not (string or ICollection or JsonNode);
        bool isCollection = false;
        foreach (Type contract in GetInterfaces(json.Value))
        {
            if (!contract.IsGenericType)
            {
                continue;
            }

            Type kind = contract.GetGenericTypeDefinition();
            if (kind == typeof(IAsyncEnumerable<>))
            {
                return BodyRepeatability.OneShot;
            }

            isCollection |= kind == typeof(ICollection<>) || kind == typeof(IReadOnlyCollection<>);
        }

        return isSequence && !isCollection ? BodyRepeatability.OneShot : BodyRepeatability.Restartable;
    }

    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "A trimmed interface is one the program never uses, so nothing can enumerate through it.")]
    private static Type[] GetInterfaces(object? value) => value?.GetType().GetInterfaces() ?? [];

    private static BodyRepeatability ClassifyParts(MultipartContent parts)
    {
        foreach (HttpContent part in parts)
        {
            if (Classify(part) is BodyRepeatability.OneShot)
            {
                return BodyRepeatability.OneShot;
            }
        }

        return BodyRepeatability.Restartable;
    }

    private static BodyRepeatability ClassifyStream(HttpContent content)
    {
        try
        {
            // StreamContent hands out a read-only view of its own stream, reading nothing: the only public way to ask it CanSeek.
            return content.ReadAsStream().CanSeek ? BodyRepeatability.Restartable : BodyRepeatability.OneShot;
        }
        catch (Exception e) when (e is InvalidOperationException or ObjectDisposedException)
        {
            return BodyRepeatability.OneShot;
        }
    }
}
