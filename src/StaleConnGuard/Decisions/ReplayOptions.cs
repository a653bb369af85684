namespace StaleConnGuard;

/// <summary>When a request that was lost on a stale connection is sent again at once, on a fresh one.</summary>
public sealed class ReplayOptions
{
    /// <summary>Gets or sets how many replays one request may have when it is certain that the server did not receive it.</summary>
    /// <value>The default value is 3. Between 0 and 10; 0 switches replays off.</value>
    /// <remarks>A request whose delivery is unknown is replayed at most once, and only if it is safe to repeat.</remarks>
    public int MaxReplays { get; set; } = 3;

    /// <summary>Gets or sets when a request that is not safe to repeat may be replayed.</summary>
    /// <value>The default value is <see cref="NonIdempotentReplay.WhenProven"/>.</value>
    public NonIdempotentReplay NonIdempotentReplay { get; set; } = NonIdempotentReplay.WhenProven;

    /// <summary>
    /// Gets or sets what happens when a layer above the guard sends a request again that is not safe to repeat, and whose earlier send the
    /// server may have executed.
    /// </summary>
    /// <value>The default value is <see cref="RepeatsFromAbove.Refuse"/>.</value>
    /// <remarks>
    /// <para>
    /// Such layers are the resilience handlers of Microsoft.Extensions.Http.Resilience, a handler of the application's own, or a loop around
    /// an <see cref="HttpMessageInvoker"/>. The same request is the same message, or a copy that took its
    /// <see cref="HttpRequestMessage.Options"/> along. In the chain of a client of <c>IHttpClientFactory</c> also a message that a handler made by
    /// hand, with the same method, path, query and length of content. A new message that the application hands to the client is a new request.
    /// </para>
    /// <para>
    /// Not refused: requests that are safe to repeat, those that were answered, whatever the status (the layer's own business), and those
    /// that provably did not arrive. A copy that is sent while another is under way waits for that one's end.
    /// <see cref="NonIdempotentReplay.Always"/> allows these repeats as well.
    /// </para>
    /// </remarks>
    public RepeatsFromAbove RepeatsFromAbove { get; set; } = RepeatsFromAbove.Refuse;

    /// <summary>
    /// Gets or sets up to how many bytes of a content that can be read only once are kept in memory, so that it can be sent again.
    /// </summary>
    /// <value>The default value is <see langword="null"/>: nothing is kept, and a request with such a content is sent once. Between 1 and 104,857,600 (100 MiB).</value>
    /// <remarks>
    /// Sending begins when the content is complete or the limit is reached. A content that is larger goes out once, whole, without more of it being kept. A content
    /// of known length is kept only if all of it fits. Never kept are gRPC messages, and what is sent after <c>Expect: 100-continue</c>. Do
    /// not switch it on for a client whose contents are written while the response is read, unless <see cref="BufferUnknownLength"/> is off.
    /// </remarks>
    public int? BufferOneShotUpTo { get; set; }

    /// <summary>Gets or sets whether a content of unknown length is kept as well, up to <see cref="BufferOneShotUpTo"/>.</summary>
    /// <value>The default value is <see langword="true"/>. Without meaning while <see cref="BufferOneShotUpTo"/> is <see langword="null"/>.</value>
    /// <remarks>
    /// Sending such a content begins only when it is complete or the limit is reached. Switch it off where contents may be written bit by bit for as long as the response is read, as in a
    /// reverse proxy: they are then sent as they come.
    /// </remarks>
    public bool BufferUnknownLength { get; set; } = true;

    /// <summary>
    /// Gets or sets whether a body that can be read only once is kept back until the headers have arrived, on a connection that has been idle for 100 ms or more and that
    /// the server may be closing.
    /// </summary>
    /// <value>The default value is <see langword="true"/>.</value>
    /// <remarks>
    /// <para>
    /// A body that has been read cannot be sent again, whatever the request's method and whatever is proven. So the headers go out alone, and the body is left untouched until the
    /// kernel says that they were acknowledged, at most for a second. If the connection ends instead, the body is still whole and the request is treated as any
    /// other: replayed if it provably was not received or is safe to repeat. This is what makes a reverse proxy's streamed uploads survive.
    /// </para>
    /// <para>
    /// It costs one round trip on each such request over a connection idle for so long, as long as nothing is known of the server's timeout. Once it is known (configured, advertised or
    /// learned), only connections within a second, or the margin if that is more, of it are asked about. It costs no wait on busy connections, on new ones, for other bodies (those kept by
    /// <see cref="BufferOneShotUpTo"/> and empty ones among them), for gRPC, on HTTP/2, or where the kernel cannot be asked (anything but Linux). Switched off, headers and body leave together, and a request whose body was lost on a stale connection surfaces.
    /// </para>
    /// </remarks>
    public bool ConfirmOneShotBody { get; set; } = true;
}
