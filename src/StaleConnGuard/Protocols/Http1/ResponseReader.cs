namespace StaleConnGuard.Protocols.Http1;

/// <summary>The bytes that come by one connection: whose they are, and what they say about the connection.</summary>
/// <remarks>
/// Threads: the reading side. <see cref="Expect"/> is called by the writing side before the first byte of a request, so before anything can answer it;
/// <see cref="IsDetached"/> may be asked from any.
/// </remarks>
internal sealed class ResponseReader(Http1Connection connection)
{
    private volatile bool _detached;
    private volatile bool _awaitsAnswer;
    private bool _answersHead;
    private ResponseFraming _response;

    /// <summary>The connection carries something else than HTTP by now.</summary>
    public bool IsDetached => _detached;

    /// <summary>The last response has come to its end, and the connection does not end with it.</summary>
    public bool LeftConnectionIdle => !_detached && _response.IsComplete && !_response.EndsConnection;

    /// <summary>A request has been written, or is about to be, and nothing of its answer has come.</summary>
    public bool AwaitsAnswer => _awaitsAnswer;

    /// <summary>A request is about to be written.</summary>
    public void Expect(bool isHead)
    {
        _answersHead = isHead;
        _awaitsAnswer = true;
    }

    /// <summary>
    /// Takes note of bytes that came. False when nobody asked for them (RFC 9112 9.2): they are dropped then, and the runtime is told
    /// end-of-stream, so that they are never taken for the answer to the next request, whatever it is and however it got this connection.
    /// </summary>
    public bool Accept(ReadOnlySpan<byte> bytes, long now)
    {
        connection.Clock.TouchByArrival(now);
        while (true)
        {
            object? user = connection.User.Current;
            if (user is Exchange exchange)
            {
                Note(exchange, bytes);
                return true;
            }

            if (connection.User.TryEnd(user))
            {
                return false;
            }
        }
    }

    private void Note(Exchange exchange, ReadOnlySpan<byte> bytes)
    {
        if (!exchange.Responded)
        {
            if (!exchange.TryMarkResponded())
            {
                // The watch has given this connection up in this very moment, and the request may be on its way again.
                throw ConnectionEndedException.Silent(exchange);
            }

            connection.Origin.Suspects.FoundAlive(exchange.Binding!.IdleSince);
            connection.Guard.Events.ResponseBegan(exchange);
            _awaitsAnswer = false;
            _response.Begin(_answersHead);

            // A redirect or a challenge may follow, and with it another look into the pool.
            (exchange.Root ?? exchange).ReopenCheckoutWindow();
        }

        ResponseNews news = _response.Feed(bytes);
        if (news.Status is int status && exchange.TurnsIntoTunnel(status))
        {
            _detached = true;
        }

        if (news.HeadHasEnded)
        {
            NoteHead(exchange);
        }
    }

    /// <summary>
    /// What the header of a response says about its connection, and its coming at all, is about this connection: the runtime may send several requests
    /// of one message, on connections to several servers, and hand over the last response only.
    /// </summary>
    private void NoteHead(Exchange exchange)
    {
        OriginKnowledge origin = connection.Origin;
        if (_response.EndsConnection)
        {
            // The runtime does not look at HTTP/1.0; a server that keeps to the rules is closing, and the next request would race with that.
            connection.NoNewExchanges = true;
        }

        if (_response.KeepAlive is TimeSpan advertised)
        {
            connection.Guard.Events.TimeoutAdvertised(origin, advertised);
        }

        if (exchange.IsReused)
        {
            connection.Guard.Events.SeenOpen(origin, TimeSpan.FromTicks(exchange.IdleAgeTicks), answered: true);
        }
    }
}
