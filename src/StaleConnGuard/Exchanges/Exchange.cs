namespace StaleConnGuard.Exchanges;

/// <summary>
/// One request sent once over one connection, and its response. Opened by <see cref="ConnectionGuardHandler"/>, found by the
/// connection's stream through the execution context, bound to that stream by its first write, closed when the handler below has
/// answered or failed. One exchange is driven by one request; the evidence is written before the exception that makes the handler
/// look at it is thrown, by whichever of the reading and the writing side fails first.
/// </summary>
/// <remarks>Made for each request, so what can be found elsewhere has no field here: a test counts the bytes.</remarks>
internal sealed class Exchange(ExchangeScope scope, HttpRequestMessage request)
{
    // What the watch and the reading side agree on by compare-and-swap, once the watch has begun to judge.
    private const byte NotJudged = 0;
    private const byte UnderJudgement = 1;
    private const byte Answered = 2;
    private const byte DeclaredSilent = 3;

    // What is known when a connection is found and bound: written on the request's way down, but for Suspected, which the watch takes away later.
    private const byte Granted = 1;
    private const byte OnReusedConnection = 2;
    private const byte EndsEarlyIfDead = 4;
    private const byte Suspected = 8;

    // How far the content is.
    private const byte ContentUntouched = 0;
    private const byte ContentRuns = 1;
    private const byte ContentHasRun = 2;

    // Written by the handler when it is answered or has failed.
    private const byte Open = 0;
    private const byte Closed = 1;
    private const byte ClosedAndEndsConnection = 2;

    // How it ended and what became of the request, in one byte that is written at once: whoever finds it finds it whole.
    private const byte EvidenceIsIn = 0x80;
    private const int EndAt = 2;
    private const int DeliveryMask = 3;

    private static readonly AsyncLocal<Exchange?> s_current = new();
    private static readonly HttpRequestMessage s_nobodys = new();
    private static readonly HttpRequestMessage s_answered = new();

    private volatile HttpRequestMessage _request = request;
    private volatile bool _checkoutWindow;
    private volatile byte _content;
    private volatile byte _closing;
    private volatile bool _responded;
    private volatile byte _judgement;
    private volatile byte _binding;
    private byte _evidence;
    private ExchangeTraits _traits;

    /// <summary>The exchange that the running code belongs to. It flows into the calls the HTTP/1.1 connection makes on its stream.</summary>
    public static Exchange? Current
    {
        get => s_current.Value;
        set => s_current.Value = value;
    }

    public ExchangeScope Scope { get; } = scope;

    public ConnectionGuard Guard => Scope.Guard;

    /// <summary>The message the handler holds, until it has been answered.</summary>
    public HttpRequestMessage Request => Root?.Request ?? _request;

    /// <summary>Opened by no handler: the connection is used by a request that the guard did not see.</summary>
    public bool IsNobodys => ReferenceEquals(Request, s_nobodys) || ReferenceEquals(Request, s_answered);

    /// <summary>The settings in force for this exchange, from its first to its last decision.</summary>
    public GuardSettings Settings => Scope.Settings;

    /// <summary>
    /// The exchange the handler opened, when this one is a further request of the same send: a redirect, an answer to an
    /// authentication challenge. The message the handler holds is not what this one sent.
    /// </summary>
    public Exchange? Root => Scope.Root;

    public ExchangeTraits Traits
    {
        get => _traits;
        init
        {
            _traits = value;
            _checkoutWindow = value.Has(ExchangeTraits.CanAskAtCheckout);
        }
    }

    /// <summary>Refuse every reused connection.</summary>
    public bool FreshOnly => _traits.Has(ExchangeTraits.FreshOnly);

    /// <summary>Whether the first write may be refused: only while a replay is left to make good for it.</summary>
    public bool MayRefuseWrite => _traits.Has(ExchangeTraits.MayRefuseWrite);

    /// <summary>
    /// Content has been read before the first byte was written; it waits in the runtime's buffer. Refusing the connection then would have it run again.
    /// </summary>
    public bool HasContentBegun => _content != ContentUntouched;

    /// <summary>The request has a body, so a write after a read may be that body going on.</summary>
    public bool HasBody => _traits.Has(ExchangeTraits.HasBody);

    /// <summary>The body, if any, can be sent again from its start.</summary>
    public bool CanBodyBeSentAgain => !_traits.Has(ExchangeTraits.IsOneShot);

    /// <summary>The method that was really written is idempotent; known of further requests only.</summary>
    public bool IsIdempotentOnTheWire => Scope.IsIdempotentOnTheWire;

    /// <summary>The response's end is the connection's end, so the latter is no keep-alive timeout.</summary>
    public bool EndsWithConnection => _closing == ClosedAndEndsConnection;

    /// <summary>The stream that carried this exchange, once bound.</summary>
    public GuardedStream? Stream { get; private set; }

    /// <summary>Set when the request may go out on a connection that carries several at once.</summary>
    public SharedSend? Shared { get; init; }

    /// <summary>What is known of the origin of the connection that carried this exchange, once that is known.</summary>
    public OriginKnowledge? Origin => Stream?.Origin ?? Shared?.Connection?.Origin;

    public bool IsReused => (_binding & OnReusedConnection) != 0;

    /// <summary>Idle age of the connection when this exchange began to write, in <see cref="TimeSpan"/> ticks.</summary>
    public long IdleAgeTicks { get; private set; }

    /// <summary>Age of the connection then. Kept by the connection: right until the next exchange is bound to it.</summary>
    public long ConnectionAgeTicks => Stream?.AgeAtBindingTicks ?? Shared?.Verdict.ConnectionAgeTicks ?? 0;

    /// <summary>How many requests the connection had carried before this one. Kept by the connection: right until the next exchange is bound to it.</summary>
    public int RequestsBefore => Stream?.RequestsBeforeBinding ?? Shared?.Verdict.RequestsBefore ?? 0;

    /// <summary>Bytes the kernel had taken before this exchange's first.</summary>
    public long BytesWrittenBefore { get; private set; }

    public ConnectionEnd End => (ConnectionEnd)((Volatile.Read(ref _evidence) & ~EvidenceIsIn) >> EndAt);

    public Delivery Delivery => (Delivery)(Volatile.Read(ref _evidence) & DeliveryMask);

    /// <summary>
    /// A read by this exchange's context may still be the pool looking at an idle connection. Never while content runs, which may be
    /// reading another response: an early answer does not change that.
    /// </summary>
    public bool CheckoutWindow => _checkoutWindow && _content != ContentRuns;

    /// <summary>The pool looked at a connection for this exchange and it was found good. Otherwise its first write may yet be refused.</summary>
    public bool IsGranted
    {
        get => (_binding & Granted) != 0;
        set => _binding = (byte)(value ? _binding | Granted : _binding & ~Granted);
    }

    public bool IsBound => Stream is not null;

    public bool IsClosed => _closing != Open;

    /// <summary>A byte came back. Set by the reading side of the stream.</summary>
    public bool Responded => _responded && !IsSilent;

    /// <summary>The watch has given the connection up; whatever comes now comes too late.</summary>
    public bool IsSilent => _judgement == DeclaredSilent;

    /// <summary>For how long nothing had been acknowledged when the connection was given up; null when it was not, or the kernel did so.</summary>
    public TimeSpan? SilentFor => IsSilent && Stream is GuardedStream stream ? TimeSpan.FromMilliseconds(stream.SilentForMilliseconds) : null;

    /// <summary>When the connection was last active before this exchange, a timestamp of the guard's clock.</summary>
    public long IdleSince => Stream?.TimestampAt(ConnectionAgeTicks - IdleAgeTicks) ?? 0;

    /// <summary>When this exchange began to write. A timestamp of the guard's clock.</summary>
    public long BeganAt => Stream?.TimestampAt(ConnectionAgeTicks) ?? 0;

    /// <summary>The connection had been idle, so it is looked at soon after the write.</summary>
    public bool IsSuspected => (_binding & Suspected) != 0;

    /// <summary>If the connection is found dead early, the request would be replayed; otherwise there is no hurry to end it.</summary>
    public bool MayEndEarly => (_binding & EndsEarlyIfDead) != 0;

    /// <summary>The evidence is in.</summary>
    public bool HasEnded => Volatile.Read(ref _evidence) != 0;

    public static Exchange ForFurtherRequest(ConnectionGuard guard, Exchange? root, bool isIdempotent)
    {
        root ??= new Exchange(new ExchangeScope(guard, GuardSettings.Default), s_nobodys);
        return new Exchange(ExchangeScope.OfFurtherRequest(root, isIdempotent), s_nobodys);
    }

    /// <summary>This status makes the connection something else than HTTP.</summary>
    public bool TurnsIntoTunnel(int status) => status switch
    {
        101 => true,
        200 => (Root ?? this)._traits.Has(ExchangeTraits.IsConnect),
        _ => false,
    };

    public void ReopenCheckoutWindow()
    {
        if (_traits.Has(ExchangeTraits.CanAskAtCheckout) && !IsClosed)
        {
            _checkoutWindow = true;
        }
    }

    public void CloseCheckoutWindow() => _checkoutWindow = false;

    /// <summary>The content is about to run: from here on a read in this context may be the application reading some other response.</summary>
    public void ContentBegins()
    {
        _content = ContentRuns;
        _checkoutWindow = false;
    }

    public void ContentEnds() => _content = ContentHasRun;

    /// <summary>The connection stays in the pool and knows its last exchange; the message and its content must not stay with it.</summary>
    public void ForgetRequest() => _request = s_answered;

    /// <summary>
    /// False when the watch was first: then this exchange has got no answer and will get none. Costs a compare-and-swap only for an exchange
    /// that is being judged.
    /// </summary>
    public bool TryMarkResponded()
    {
        _responded = true;
        return _judgement == NotJudged || Interlocked.CompareExchange(ref _judgement, Answered, UnderJudgement) != DeclaredSilent;
    }

    /// <summary>
    /// The watch gives up on an answer. False when a byte of one, or some other end, came first. The barrier makes up for the one that the
    /// reading side does without: either it finds the judgement begun, or its byte is found here.
    /// </summary>
    public bool TryDeclareSilent(TimeSpan silentFor)
    {
        if (Interlocked.CompareExchange(ref _judgement, UnderJudgement, NotJudged) is not (NotJudged or UnderJudgement))
        {
            return false;
        }

        Interlocked.MemoryBarrierProcessWide();
        if (_responded || HasEnded)
        {
            return false;
        }

        Stream?.SilentForMilliseconds = (int)silentFor.TotalMilliseconds;
        return Interlocked.CompareExchange(ref _judgement, DeclaredSilent, UnderJudgement) == UnderJudgement;
    }

    /// <param name="mayEndEarly">Whether the request would be replayed if its connection was found dead.</param>
    public void Suspect(bool mayEndEarly)
    {
        _binding = (byte)(_binding | Suspected | (mayEndEarly ? EndsEarlyIfDead : 0));
    }

    public void StopSuspecting() => _binding = (byte)(_binding & ~Suspected);

    /// <param name="endsConnection">The response's end is the connection's end.</param>
    public void Close(bool endsConnection = false)
    {
        _checkoutWindow = false;
        _closing = endsConnection ? ClosedAndEndsConnection : Closed;
    }

    public void Bind(GuardedStream stream, bool reused, long idleAgeTicks, long connectionAgeTicks, int requestsBefore, long bytesWrittenBefore)
    {
        _checkoutWindow = false;
        _binding = (byte)((_binding & Granted) | (reused ? OnReusedConnection : 0));
        IdleAgeTicks = idleAgeTicks;
        stream.AgeAtBindingTicks = connectionAgeTicks;
        stream.RequestsBeforeBinding = requestsBefore;
        BytesWrittenBefore = bytesWrittenBefore;
        Stream = stream;
    }

    /// <summary>It has failed on this connection.</summary>
    public void BindShared(ISharedConnection connection, in SharedVerdict verdict)
    {
        _binding = (byte)((_binding & Granted) | (verdict.IsReused ? OnReusedConnection : 0));
        IdleAgeTicks = verdict.IdleAgeTicks;
        Shared!.Bind(connection, verdict);
    }

    /// <summary>Records the evidence. The first record stands: the reading and the writing side may both fail.</summary>
    public void RecordEnd(ConnectionEnd end, Delivery delivery)
    {
        // The handler looks at the exchange it opened. An end on a connection that was new to a further request is no stale hit.
        if (IsReused)
        {
            Root?.TryRecordEnd(end, delivery);
        }

        if (TryRecordEnd(end, delivery))
        {
            // While the runtime's span of this very send is still open.
            Stream?.Watch?.Ended(this);
        }
    }

    private bool TryRecordEnd(ConnectionEnd end, Delivery delivery) =>
        Interlocked.CompareExchange(ref _evidence, (byte)(EvidenceIsIn | ((int)end << EndAt) | (int)delivery), (byte)0) == 0;
}
