using System.Net.Http.Headers;

namespace StaleConnGuard.Decisions;

/// <summary>
/// A gRPC call may write its messages in turn with those it reads: such a content is never held back, neither to keep it nor to wait for its headers' acknowledgement.
/// </summary>
internal static class GrpcContent
{
    private const string MediaType = "application/grpc";

    /// <summary>Text, not parsed: the typed property would parse what was added as text.</summary>
    public static bool Is(HttpContent? content)
    {
        if (content is null || !content.Headers.NonValidated.TryGetValues("Content-Type", out HeaderStringValues values))
        {
            return false;
        }

        foreach (string value in values)
        {
            if (value.StartsWith(MediaType, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
