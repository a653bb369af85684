using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Protocols.Http1;

/// <summary>
/// Does to a connection what the runtime may do, and keeps beside it what must come of it. The reference knows three things: whether a request is out, whether a byte of its answer has come,
/// and whether the connection has ended before it was given away.
/// </summary>
internal sealed class ConnectionModel
{
    private static readonly byte[] s_head = "POST / HTTP/1.1\r\nHost: model.test\r\nContent-Length: 0\r\n\r\n"u8.ToArray();
    private static readonly byte[] s_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray();

    private readonly ModelStream _beneath = new(continuesElsewhere: false);
    private readonly GuardedStream _stream;
    private readonly ExchangeScope _scope;
    private readonly byte[] _buffer = new byte[4096];

    private Task<int>? _reading;
    private bool _waitsOnly;
    private Exchange? _looked;
    private Exchange? _out;
    private bool _responded;
    private int _received;
    private int _sentByServer;
    private int _requests;
    private bool _endedUnused;
    private bool _givenUp;
    private bool _disposed;

    public ConnectionModel()
    {
        var guard = new ConnectionGuard(new KeepAliveLedger(), new TestClock());
        _stream = new GuardedStream(_beneath, transport: null, guard, guard.Ledger.GetOrAdd(new OriginKey("http", "model.test", 80, null)));
        _scope = new ExchangeScope(guard, GuardSettings.Default);
    }

    public async Task RunAsync(ModelStep[] steps)
    {
        foreach (ModelStep step in steps)
        {
            if (_disposed)
            {
                break;
            }

            await DoAsync(step);
            await TakeReadAsync();
        }

        Exchange.Current = null;
        Dispose();
    }

    private async Task DoAsync(ModelStep step)
    {
        switch (step)
        {
            case ModelStep.Look when _out is null && _reading is null && _looked is null && _requests > 0:
                Look(NewExchange(freshOnly: false));
                break;
            case ModelStep.Scavenge when _out is null && _reading is null && _looked is null && _requests > 0:
                Exchange.Current = null;
                Begin(Memory<byte>.Empty);
                break;
            case ModelStep.Request or ModelStep.FreshRequest when _out is null:
                await RequestAsync(freshOnly: step is ModelStep.FreshRequest);
                break;
            case ModelStep.Read when _out is not null && _reading is null:
                Exchange.Current = _out;
                Begin(_buffer);
                break;
            case ModelStep.Answer or ModelStep.HalfAnswer:
                int from = _sentByServer;
                _sentByServer = step is ModelStep.HalfAnswer && from == 0 ? 20 : s_answer.Length;
                _beneath.Send(s_answer[from.._sentByServer]);
                _sentByServer %= s_answer.Length;
                break;
            case ModelStep.Fin:
                _beneath.Fin();
                break;
            case ModelStep.Reset:
                _beneath.Reset();
                break;
            case ModelStep.GiveUp when _out is not null:
                GiveUp(_out);
                break;
            case ModelStep.Dispose:
                Dispose();
                break;
        }
    }

    private Exchange NewExchange(bool freshOnly) => new(_scope, new HttpRequestMessage(HttpMethod.Post, "http://model.test/"))
    {
        Traits = new ExchangeTraits { CanAskAtCheckout = true, MayRefuseWrite = true, FreshOnly = freshOnly, HasBody = false, IsOneShot = false, HasStandIn = false, IsConnect = false, SaysClose = false },
    };

    private void Look(Exchange asking)
    {
        Exchange.Current = asking;
        Begin(_buffer);
        if (!_reading!.IsCompleted)
        {
            asking.FreshOnly.ShouldBeFalse("a connection that is not fresh was given away");
            _looked = asking;
            return;
        }

        // Whatever it found, the runtime goes on to another connection; bytes that nobody asked for never come through.
        if (_reading.IsCompletedSuccessfully)
        {
            _reading.Result.ShouldBe(0);
        }

        _reading = null;
        Dispose();
    }

    private async Task RequestAsync(bool freshOnly)
    {
        if (_looked is null && _reading is null && _requests > 0)
        {
            Look(NewExchange(freshOnly));
            if (_disposed)
            {
                return;
            }
        }

        Exchange exchange = _looked ?? NewExchange(freshOnly);
        _looked = null;
        Exchange.Current = exchange;
        long before = _beneath.Written;
        try
        {
            await _stream.WriteAsync(s_head);
            _endedUnused.ShouldBeFalse("a connection that was seen to end was written to");
            (exchange.FreshOnly && _requests > 0).ShouldBeFalse("a connection that is not fresh was written to");
            (_beneath.Written > before).ShouldBeTrue();
            (_out, _responded, _received, _givenUp) = (exchange, false, 0, false);
        }
        catch (ConnectionEndedException)
        {
            _beneath.Written.ShouldBe(before);
            bool isRefused = _endedUnused || (exchange.FreshOnly && _requests > 0);
            exchange.Delivery.ShouldBe(isRefused ? Delivery.NotSent : Delivery.Unknown);
            exchange.End.ShouldBe(_endedUnused ? ConnectionEnd.ClosedBeforeUse : isRefused ? ConnectionEnd.Refused : ConnectionEnd.Reset);
            Dispose();
        }
    }

    private void GiveUp(Exchange exchange)
    {
        bool given = exchange.TryDeclareSilent(TimeSpan.FromSeconds(10));
        given.ShouldBe(!_responded && !_givenUp);
        _givenUp = true;
        if (given)
        {
            exchange.RecordEnd(ConnectionEnd.Silence, Delivery.Unknown);
            _beneath.Fin();
        }
    }

    private void Begin(Memory<byte> buffer)
    {
        _waitsOnly = buffer.IsEmpty;
        try
        {
            _reading = _stream.ReadAsync(buffer).AsTask();
        }
        catch (Exception e)
        {
            // A read that is answered at once may fail before it returns a task.
            _reading = Task.FromException<int>(e);
        }
    }

    private async Task TakeReadAsync()
    {
        if (_disposed || _reading is not { IsCompleted: true } read)
        {
            return;
        }

        _reading = null;
        int? count = null;
        Exception? failure = null;
        try
        {
            count = await read;
        }
        catch (Exception e)
        {
            failure = e;
        }

        if (_out is Exchange exchange)
        {
            TakeFor(exchange, count, failure);
        }
        else if (_waitsOnly)
        {
            Dispose();
        }
        else
        {
            // The pool's look, and nobody has the connection: bytes are dropped, and whoever writes yet is refused.
            (count ?? 0).ShouldBe(0);
            failure.ShouldNotBeOfType<ConnectionEndedException>();
            _endedUnused = true;
        }
    }

    private void TakeFor(Exchange exchange, int? count, Exception? failure)
    {
        if (count > 0)
        {
            exchange.IsSilent.ShouldBeFalse("given up, and answered");
            _responded = true;
            exchange.Responded.ShouldBeTrue();
            _received += count.Value;
            if (_received >= s_answer.Length)
            {
                exchange.Close();
                exchange.HasEnded.ShouldBeFalse();
                (_out, _requests) = (null, _requests + 1);
            }

            return;
        }

        if (count == 0 && _waitsOnly)
        {
            // Something is there; the runtime reads it next.
            return;
        }

        if (_responded)
        {
            // Cut off within its answer: what the runtime makes of that is the runtime's.
            failure.ShouldNotBeOfType<ConnectionEndedException>();
            exchange.HasEnded.ShouldBeFalse();
        }
        else
        {
            ConnectionEndedException.EvidenceOf(failure.ShouldNotBeNull("the runtime would have repeated it on its own"), exchange).ShouldNotBeNull();
            exchange.Delivery.ShouldBe(Delivery.Unknown);
            exchange.End.ShouldBe(exchange.IsSilent ? ConnectionEnd.Silence : exchange.End is ConnectionEnd.Reset ? ConnectionEnd.Reset : ConnectionEnd.EndOfStream);
        }

        Dispose();
    }

    private void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _out?.Close();
            _stream.Dispose();
        }
    }
}
