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
    /// <summary>
    /// What is known before the content is sent. Only the framework's own classes, exactly, count: a class derived from one of them is the application's, and
    /// overrides what it likes. An unknown content is one-shot: conservative, and without cost as long as nothing goes wrong.
    /// </summary>
    public static BodyRepeatability Classify(HttpContent? content)
    {
        if (content is null)
        {
            return BodyRepeatability.None;
        }

        Type type = content.GetType();
        if (type == typeof(StringContent) || type == typeof(ByteArrayContent) || type == typeof(FormUrlEncodedContent) || type == typeof(ReadOnlyMemoryContent))
        {
            return BodyRepeatability.Memory;
        }

        return content switch
        {
            IKeptContent => BodyRepeatability.Memory,
            JsonContent json => ClassifyJson(json),
            _ when GrpcUnaryContent.Is(type) => BodyRepeatability.Restartable,
            _ when !IsFrameworks(type) && !DerivedType.IsWrittenAsItsBase(type) => BodyRepeatability.OneShot,
            MultipartContent parts => ClassifyParts(parts),
            StreamContent => ClassifyStream(content),

            // Derived, with nothing but a constructor of its own.
            ByteArrayContent => BodyRepeatability.Restartable,
            _ => BodyRepeatability.OneShot,
        };
    }

    /// <summary>
    /// Whether the content can be sent again, asked when it matters: after a failure or an answer that may be retried. A content that its owner has loaded into
    /// memory (<see cref="HttpContent.LoadIntoBufferAsync()"/>) runs none of its own code any more, whatever its class.
    /// </summary>
    public static bool CanBeSentAgain(HttpContent? content)
    {
        if (Classify(content).CanBeSentAgain() || IsLoaded(content!))
        {
            return true;
        }

        return content is MultipartContent parts && (IsFrameworks(parts.GetType()) || DerivedType.IsWrittenAsItsBase(parts.GetType())) && AllCanBeSentAgain(parts);
    }

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

    private static bool IsFrameworks(Type type) =>
        type == typeof(StreamContent) || type == typeof(MultipartContent) || type == typeof(MultipartFormDataContent);

    /// <summary>
    /// A loaded content knows its length, and is done at once with being loaded. One that is not and has a length refuses a limit below that length before it
    /// runs any code of its own; one without a length is not loaded.
    /// </summary>
    private static bool IsLoaded(HttpContent content)
    {
        try
        {
            if (content.Headers.ContentLength is not long length || length is <= 0 or > int.MaxValue)
            {
                return false;
            }

            Task loading = content.LoadIntoBufferAsync(length - 1);
            _ = loading.Exception;
            return loading.IsCompletedSuccessfully;
        }
        catch (Exception e) when (e is ObjectDisposedException or InvalidOperationException or NotSupportedException)
        {
            return false;
        }
    }

    private static bool AllCanBeSentAgain(MultipartContent parts)
    {
        foreach (HttpContent part in parts)
        {
            if (!CanBeSentAgain(part))
            {
                return false;
            }
        }

        return true;
    }

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

    /// <summary>StreamContent goes back to its start and hands out a view of its own stream, reading nothing: the only public way to ask whether it can.</summary>
    private static BodyRepeatability ClassifyStream(HttpContent content)
    {
        try
        {
            return content.ReadAsStream().CanSeek ? BodyRepeatability.Restartable : BodyRepeatability.OneShot;
        }
        catch (HttpRequestException)
        {
            // Its owner has asked for the view asynchronously before, and there is one view only.
            return content.ReadAsStreamAsync() is { IsCompletedSuccessfully: true, Result.CanSeek: true } ? BodyRepeatability.Restartable : BodyRepeatability.OneShot;
        }
        catch (Exception)
        {
            // A stream that says that it can be sought and cannot, or is closed, and whatever else a stream of the application throws. Sending it is another matter.
            return BodyRepeatability.OneShot;
        }
    }
}
