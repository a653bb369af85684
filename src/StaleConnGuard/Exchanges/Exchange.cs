namespace StaleConnGuard.Exchanges;

/// <summary>
/// One request sent once over one connection, and its response. Opened by <see cref="ConnectionGuardHandler"/>, found by the
/// connection's stream through the execution context, bound to that stream by its first write, closed when the handler below has
/// answered or failed. One exchange is driven by one request; the evidence is written before the exception that makes the handler
/// look at it is thrown, by whichever of the reading and the writing side fails first.
/// </summary>
internal sealed class Exchange(ExchangeScope scope, HttpRequestMessage? request)
{
    // What the watch and the reading side agree on by compare-and-swap, once the watch has begun to judge.
    private enum Judgement : byte
    {
        None,
        Under,
        Answered,
        Silent,
    }

    // How far the content is.
    private enum ContentState : byte
    {
        Untouched,
        Running,
        HasRun,
    }

    private static readonly AsyncLocal<Exchange?> s_current = new();

    private volatile HttpRequestMessage? _request = request;
    private volatile bool _checkoutWindow;
    private volatile ContentState _content;

    // Written by the handler when it is answered or has failed.
    private volatile bool _closed;
    private volatile bool _responded;
    private volatile Judgement _judgement;
    private volatile bool _suspected;
    private volatile Binding? _binding;
    private volatile ExchangeEnd? _end;
    private long _silentForTicks;

    // Where the message was going when the handler sent it.
    private Uri? _place = request?.RequestUri;
    private bool _onRedirect;
    private ExchangeTraits _traits;

    /// <summary>The exchange that the running code belongs to. It flows into the calls the HTTP/1.1 connection makes on its stream.</summary>
    public static Exchange? Current
    {
        get => s_current.Value;
        set => s_current.Value = value;
    }

    public ExchangeScope Scope { get; } = scope;

    public ConnectionGuard Guard => Scope.Guard;

    /// <summary>
    /// The message the handler holds, until it has been answered; null then, and when no handler opened this exchange: the connection is used by a request that
    /// the guard did not see, of which nothing is known.
    /// </summary>
    public HttpRequestMessage? Request => Root is Exchange root ? root.Request : _request;

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
            _checkoutWindow = value.CanAskAtCheckout;
        }
    }

    /// <summary>Refuse every reused connection.</summary>
    public bool FreshOnly => _traits.FreshOnly;

    /// <summary>Whether the first write may be refused: only while a replay is left to make good for it.</summary>
    public bool MayRefuseWrite => _traits.MayRefuseWrite;

    /// <summary>
    /// Content has been read before the first byte was written; it waits in the runtime's buffer. Refusing the connection then would have it run again.
    /// </summary>
    public bool HasContentBegun => _content != ContentState.Untouched;

    /// <summary>The request has a body, so a write after a read may be that body going on.</summary>
    public bool HasBody => _traits.HasBody;

    /// <summary>The body, if any, can be sent again from its start.</summary>
    public bool CanBodyBeSentAgain => !_traits.IsOneShot;

    /// <summary>The method that was really written is idempotent; known of further requests only.</summary>
    public bool IsIdempotentOnTheWire => Scope.IsIdempotentOnTheWire;

    /// <summary>Content is being written, for all that is known: the request has not been sent whole, though its response may have come.</summary>
    public bool IsContentRunning => (Root ?? this)._content == ContentState.Running;

    /// <summary>What was known when this exchange began to write; null before.</summary>
    public Binding? Binding => _binding;

    /// <summary>
    /// The message goes, or went, elsewhere than the handler sent it: an attempt was answered with a redirect, so a server has seen the request whatever came
    /// after. Of the exchange that a handler opened.
    /// </summary>
    public bool WasRedirected => IsBound ? Responded || _onRedirect : HasLeftItsPlace;

    /// <summary>Set when the request may go out on a connection that carries several at once.</summary>
    public SharedSend? Shared { get; init; }

    /// <summary>
    /// There is something in <see cref="Shared"/> to be ended with the exchange. Said here because an ordinary answer need not look there: by then it is in no
    /// cache of the processor.
    /// </summary>
    public bool IsToBeSettled { get; set; }

    /// <summary>The connection that carries this exchange, once bound.</summary>
    public IGuardedConnection? Connection => _binding?.Connection;

    public bool IsReused => _binding is { IsReused: true };

    /// <summary>Idle age of the connection when this exchange began to write, in <see cref="TimeSpan"/> ticks.</summary>
    public long IdleAgeTicks => _binding?.IdleAgeTicks ?? 0;

    /// <summary>Age of the connection then, in <see cref="TimeSpan"/> ticks.</summary>
    public long ConnectionAgeTicks => _binding?.ConnectionAgeTicks ?? 0;

    /// <summary>How many requests the connection had carried before this one.</summary>
    public int RequestsBefore => _binding?.RequestsBefore ?? 0;

    /// <summary>How it ended, as it was found first; null when it has not, or not in a way that tells anything.</summary>
    public ExchangeEnd? Evidence => _end;

    public ConnectionEnd End => _end?.End ?? ConnectionEnd.None;

    public Delivery Delivery => _end?.Delivery ?? Delivery.NotSent;

    /// <summary>
    /// A read by this exchange's context may still be the pool looking at an idle connection. Never while content runs, which may be
    /// reading another response: an early answer does not change that.
    /// </summary>
    public bool CheckoutWindow => _checkoutWindow && _content != ContentState.Running;

    /// <summary>The pool looked at a connection for this exchange and it was found good. Otherwise its first write may yet be refused.</summary>
    public bool IsGranted { get; set; }

    public bool IsBound => _binding is not null;

    /// <summary>The runtime has made further requests of the same send; each has an exchange of its own.</summary>
    public bool HasFurtherRequests { get; private set; }

    public bool IsClosed => _closed;

    /// <summary>A byte came back. Set by the reading side of the stream.</summary>
    public bool Responded => _responded && !IsSilent;

    /// <summary>The watch has given the connection up; whatever comes now comes too late.</summary>
    public bool IsSilent => _judgement == Judgement.Silent;

    /// <summary>For how long nothing had been acknowledged when the connection was given up; null when it was not, or the kernel did so.</summary>
    public TimeSpan? SilentFor => IsSilent ? TimeSpan.FromTicks(Volatile.Read(ref _silentForTicks)) : null;

    /// <summary>The connection had been idle, so it is looked at soon after the write.</summary>
    public bool IsSuspected => _suspected;

    /// <summary>If the connection is found dead early, the request would be replayed; otherwise there is no hurry to end it.</summary>
    public bool MayEndEarly { get; private set; }

    /// <summary>The evidence is in.</summary>
    public bool HasEnded => _end is not null;

    /// <summary>What the listener that follows single exchanges keeps with this one; null when nobody asked, which is the ordinary case.</summary>
    public object? Followed { get; set; }

    public static Exchange ForFurtherRequest(ConnectionGuard guard, Exchange? root, bool isIdempotent)
    {
        root ??= new Exchange(new ExchangeScope(guard, GuardSettings.Default), request: null);
        root.HasFurtherRequests = true;
        return new Exchange(ExchangeScope.OfFurtherRequest(root, isIdempotent), request: null);
    }

    /// <summary>This status makes the connection something else than HTTP.</summary>
    public bool TurnsIntoTunnel(int status) => status switch
    {
        101 => true,
        200 => (Root ?? this)._traits.IsConnect,
        _ => false,
    };

    public void ReopenCheckoutWindow()
    {
        if (_traits.CanAskAtCheckout && !IsClosed)
        {
            _checkoutWindow = true;
        }
    }

    public void CloseCheckoutWindow() => _checkoutWindow = false;

    /// <summary>The content is about to run: from here on a read in this context may be the application reading some other response.</summary>
    public void ContentBegins()
    {
        _content = ContentState.Running;
        _checkoutWindow = false;
    }

    public void ContentEnds() => _content = ContentState.HasRun;

    /// <summary>
    /// The connection stays in the pool and knows its last exchange; the message, its address and its content must not stay with it. What stays, the collector
    /// finds alive and copies, for every connection.
    /// </summary>
    public void ForgetRequest()
    {
        _request = null;
        _place = null;
    }

    /// <summary>
    /// False when the watch was first: then this exchange has got no answer and will get none. Costs a compare-and-swap only for an exchange
    /// that is being judged.
    /// </summary>
    public bool TryMarkResponded()
    {
        _responded = true;
        return _judgement == Judgement.None || Interlocked.CompareExchange(ref _judgement, Judgement.Answered, Judgement.Under) != Judgement.Silent;
    }

    /// <summary>
    /// The watch gives up on an answer. False when a byte of one, or some other end, came first. The barrier makes up for the one that the
    /// reading side does without: either it finds the judgement begun, or its byte is found here.
    /// </summary>
    public bool TryDeclareSilent(TimeSpan silentFor)
    {
        if (Interlocked.CompareExchange(ref _judgement, Judgement.Under, Judgement.None) is not (Judgement.None or Judgement.Under))
        {
            return false;
        }

        Interlocked.MemoryBarrierProcessWide();
        if (_responded || HasEnded)
        {
            return false;
        }

        Volatile.Write(ref _silentForTicks, silentFor.Ticks);
        return Interlocked.CompareExchange(ref _judgement, Judgement.Silent, Judgement.Under) == Judgement.Under;
    }

    /// <param name="mayEndEarly">Whether the request would be replayed if its connection was found dead.</param>
    public void Suspect(bool mayEndEarly)
    {
        MayEndEarly = mayEndEarly;
        _suspected = true;
    }

    public void StopSuspecting() => _suspected = false;

    public void Close()
    {
        _checkoutWindow = false;
        _closed = true;
    }

    /// <summary>Gives the exchange its connection. Called once, by the connection, on the thread that is about to write.</summary>
    public void Bind(Binding binding)
    {
        _checkoutWindow = false;
        _onRedirect = Root is null && HasLeftItsPlace;
        _binding = binding;
        Guard.Events.ExchangeBegan(this);
    }

    /// <summary>It has failed, and only now its connection is known. The runtime's span of this send is no longer open, so nobody watches.</summary>
    public void BindAfterwards(Binding binding)
    {
        _checkoutWindow = false;
        _onRedirect = HasLeftItsPlace;
        _binding = binding;
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
            Guard.Events.ExchangeEnded(this);
            if (Request is HttpRequestMessage request)
            {
                MetricsEnrichment.Keep(request);
            }
        }
    }

    private bool HasLeftItsPlace => !ReferenceEquals(_place, _request?.RequestUri);

    private bool TryRecordEnd(ConnectionEnd end, Delivery delivery) =>
        Interlocked.CompareExchange(ref _end, new ExchangeEnd(end, delivery), null) is null;
}
