using System.Net;
using System.Text;

namespace StaleConnGuard.Tests.Pipeline;

/// <summary>Contents that can be read once.</summary>
internal static class OneShot
{
    public static HttpContent Content(string text) => new StreamContent(new ForwardOnlyStream(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes itself in pieces and cannot be read as a stream piecemeal.</summary>
    public static PushContent Pushed(params string[] pieces) => new(pieces);
}

internal sealed class ForwardOnlyStream(byte[] bytes) : MemoryStream(bytes)
{
    public override bool CanSeek => false;
}

internal sealed class PushContent(string[] pieces) : HttpContent
{
    public int PiecesWritten { get; private set; }

    public bool IsDisposed { get; private set; }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        foreach (string piece in pieces)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(piece));
            PiecesWritten++;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
