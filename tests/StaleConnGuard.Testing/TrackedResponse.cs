using System.Net;

namespace StaleConnGuard.Testing;

/// <summary>A response that tells whether it was disposed.</summary>
public sealed class TrackedResponse(HttpStatusCode status) : HttpResponseMessage(status)
{
    public bool IsDisposed { get; private set; }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
