using System.Buffers;

namespace StaleConnGuard.Protocols.Http1;

/// <content>The writing side: which exchange a write belongs to.</content>
internal sealed partial class GuardedStream
{
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_detached)
        {
            return _inner.WriteAsync(buffer, cancellationToken);
        }

        bool began = AttributeWrite(buffer.Span);
        byte[]? solicited = null;
        if (_solicits && (solicited = Solicit(buffer.Span, out int length)) is not null)
        {
            buffer = solicited.AsMemory(0, length);
        }

        ValueTask write;
        try
        {
            write = _asksForAcknowledgement ? WriteInTwoAsync(buffer, cancellationToken) : _inner.WriteAsync(buffer, cancellationToken);
        }
        catch (Exception e)
        {
            write = ValueTask.FromException(e);
        }

        if (!write.IsCompletedSuccessfully)
        {
            return WaitForWriteAsync(write, solicited);
        }

        if (!began)
        {
            Touch();
        }

        GiveBack(solicited);
        return write;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_detached)
        {
            _inner.Write(buffer);
            return;
        }

        AttributeWrite(buffer);
        byte[]? solicited = null;
        if (_solicits && (solicited = Solicit(buffer, out int length)) is not null)
        {
            buffer = solicited.AsSpan(0, length);
        }

        try
        {
            if (_asksForAcknowledgement)
            {
                WriteInTwo(buffer);
            }
            else
            {
                _inner.Write(buffer);
            }
        }
        catch (Exception e)
        {
            // The connection has failed: blocking for the evidence costs no healthy request anything.
            NoteWriteFailureAsync(e).AsTask().GetAwaiter().GetResult();
            ThrowIfSilent();
            throw;
        }

        Touch();
        GiveBack(solicited);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    private async ValueTask WaitForWriteAsync(ValueTask write, byte[]? solicited)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await NoteWriteFailureAsync(e).ConfigureAwait(false);
            ThrowIfSilent();
            throw;
        }

        Touch();
        GiveBack(solicited);
    }

    private byte[]? Solicit(ReadOnlySpan<byte> request, out int length)
    {
        _solicits = false;
        return KeepAliveSolicitation.InsertInto(request, out length);
    }

    /// <summary>Only after it was written whole: a write that failed may have left its buffer with somebody.</summary>
    private static void GiveBack(byte[]? solicited)
    {
        if (solicited is not null)
        {
            ArrayPool<byte>.Shared.Return(solicited);
        }
    }

    /// <summary>The head of this exchange asks the server for its timeout, if it is time to.</summary>
    private void PlanSolicitation(Exchange exchange)
    {
        if (exchange.ConnectionAgeTicks >= _solicitAtSecond * TimeSpan.TicksPerSecond && exchange.Settings.SolicitHint && exchange.Request is not null)
        {
            _solicitAtSecond = (int)((exchange.ConnectionAgeTicks + KeepAliveSolicitation.AskAgainAfter) / TimeSpan.TicksPerSecond);
            _solicits = true;
        }
    }

    /// <summary>
    /// Finds out whose write this is; the first of an exchange binds it to this connection, or is refused. True for that one: its beginning has
    /// been noted as activity.
    /// </summary>
    private bool AttributeWrite(ReadOnlySpan<byte> bytes)
    {
        Exchange? current = Exchange.Current;
        var user = Volatile.Read(ref _user) as Exchange;

        if (current is not null && ReferenceEquals(current, user?.Root ?? user))
        {
            // The same send. Bytes that follow response bytes are a body going on (100-continue), or, without a body, a further request.
            if (user!.Responded && !user.HasBody)
            {
                BeginFurtherRequest(current, bytes);
            }

            return false;
        }

        if (user is { IsClosed: false } && (!user.Responded || !RequestLine.Begins(bytes)))
        {
            // The body of the exchange at work, written from some other context: that may be another request's content.
            return false;
        }

        if (current is { IsBound: false, IsClosed: false, Request: HttpRequestMessage request } && ReferenceEquals(current.Guard, _guard) && RequestLine.Begins(bytes, request.Method))
        {
            Begin(current);
            return true;
        }

        BeginFurtherRequest(current, bytes);
        return false;
    }

    /// <summary>
    /// A redirect or the answer to a challenge on this connection, or a request whose exchange the context lost. It is carried, and
    /// remembered only so far that an end is not taken for that of the request the handler holds.
    /// </summary>
    private void BeginFurtherRequest(Exchange? root, ReadOnlySpan<byte> bytes)
    {
        bool known = root is not null && ReferenceEquals(root.Guard, _guard);
        root?.CloseCheckoutWindow();
        Exchange further = Exchange.ForFurtherRequest(_guard, known ? root : null, RequestLine.IsIdempotent(bytes));
        long now = _guard.Time.GetTimestamp();
        Bind(further, _requests > 0, IdleAgeTicksAt(now), now);
        PlanSolicitation(further);

        object? user = Volatile.Read(ref _user);
        if (!ReferenceEquals(user, s_dead))
        {
            // Lost to an end-of-stream in this very moment: the read answers it to the runtime, which repeats what has no body.
            Interlocked.CompareExchange(ref _user, further, user);
        }
    }
}
