using System.Net;

namespace StaleConnGuard.Pipeline;

/// <summary>The bytes of a content that was read whole, under its headers. Owns the content it stands for.</summary>
internal sealed class KeptContent : ByteArrayContent, IKeptContent
{
    private readonly HttpContent _original;

    public KeptContent(ArraySegment<byte> bytes, HttpContent original)
        : base(bytes.Array!, bytes.Offset, bytes.Count)
    {
        _original = original;
        StandInHeaders.Copy(original, this);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _original.Dispose();
        }

        base.Dispose(disposing);
    }
}

internal static class StandInHeaders
{
    public static void Copy(HttpContent from, HttpContent to)
    {
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in from.Headers.NonValidated)
        {
            to.Headers.TryAddWithoutValidation(name, values);
        }
    }
}
