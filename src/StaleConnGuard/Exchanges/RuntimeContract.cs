using System.Text;

namespace StaleConnGuard.Exchanges;

/// <summary>
/// What no document of the runtime promises and the guard relies on, watched where a breach would have it act on the wrong request: it steps aside for its handler
/// then, instead of guessing. What fails closed by itself (nothing is proven, nothing is prevented) is tested and not watched.
/// </summary>
/// <remarks>
/// One for each <see cref="ConnectionGuard"/>. Thread-safe; the first breach stands. Everything is found where an ordinary HTTP/1.1 exchange does not come by, so watching costs it nothing.
/// </remarks>
internal sealed class RuntimeContract(GuardEvents events)
{
    private volatile bool _isBroken;
    private volatile bool _isWatched;
    private int _breach;

    /// <summary>A breach was seen: new requests and new connections of this handler are left alone.</summary>
    public bool IsBroken => _isBroken;

    /// <summary>The guard's callbacks are in place: from here on each request goes over connections that it sees.</summary>
    public void Watch() => _isWatched = true;

    /// <summary>Says it once, and has the guard step aside.</summary>
    public void Break(RuntimeContractBreach breach)
    {
        if (Interlocked.CompareExchange(ref _breach, (int)breach, 0) == 0)
        {
            _isBroken = true;
            events.RuntimeContractBroken(breach);
        }
    }

    /// <summary>An exchange was answered and none of the connections had been bound to it. Over HTTP/1.1 its first write must have bound one.</summary>
    public void AnsweredUnbound(Version version)
    {
        if (_isWatched && version.Major == 1)
        {
            Break(RuntimeContractBreach.ContextLost);
        }
    }

    /// <summary>An exchange that was never bound has failed, perhaps by the end of a connection that carried it unknown: then nobody knows whether it arrived.</summary>
    /// <returns>True in that case: its delivery must not be taken for <see cref="Delivery.NotSent"/>.</returns>
    public bool FailedUnbound(Exchange exchange, Exception failure)
    {
        if (!_isWatched || !ConnectionEndedException.IsAboutAnother(failure, exchange))
        {
            return false;
        }

        // A content that runs code of the application may bring the end of another request along.
        if (!exchange.HasContentBegun)
        {
            Break(RuntimeContractBreach.ContextLost);
        }

        return true;
    }

    /// <summary>These bytes, which are about to be written in the context of this exchange, are its own request once more, though it is unanswered.</summary>
    public static bool IsRepeatOf(Exchange exchange, ReadOnlySpan<byte> bytes) =>
        exchange is { IsBound: true, IsClosed: false, Responded: false, Request: HttpRequestMessage request } && IsHeadOf(bytes, request);

    private static bool IsHeadOf(ReadOnlySpan<byte> bytes, HttpRequestMessage request)
    {
        int end = bytes.IndexOf((byte)'\r');
        ReadOnlySpan<byte> line = end < 0 ? bytes : bytes[..end];
        int first = line.IndexOf((byte)' ');
        int last = line.LastIndexOf((byte)' ');
        if (first <= 0 || last <= first || request.RequestUri is not { IsAbsoluteUri: true } address)
        {
            return false;
        }

        // To a proxy the whole address is written.
        ReadOnlySpan<byte> target = line[(first + 1)..last];
        string path = address.PathAndQuery;
        return Ascii.EqualsIgnoreCase(line[..first], request.Method.Method) && target.Length >= path.Length && Ascii.Equals(target[^path.Length..], path);
    }
}
