using System.Net;
using System.Runtime.ExceptionServices;

namespace StaleConnGuard.Exchanges;

/// <summary>
/// A body that can be read once, on a shared connection: the content runs once, and writes to a stream of this object's own, which passes everything on at once and keeps the first
/// of it. When the connection ends, the content is held at its next write; if the request is sent again, the new connection gets what was kept, and then the content goes on.
/// Nothing of it changes what goes over the wire, or when.
/// </summary>
/// <remarks>
/// One request drives it, one content writes to it. Whoever sends says <see cref="Settle"/> when the request will not be sent again, be it answered or failed: from then on
/// nothing is kept, and a content that is held gets the failure.
/// </remarks>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The content may look at its token for as long as it runs; a source without a timer holds nothing.")]
internal sealed class RelayedBody
{
    /// <summary>
    /// What is kept at most; a body of which a connection has taken more is spent when that one ends. As much as HTTP/2 lets a client send before the server has said a
    /// word, unless the server's settings allow more (RFC 9113 6.9.2). The write that is waiting for leave is not kept: the content still has it.
    /// </summary>
    internal const int MostKept = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _contentCancelled = new();
    private readonly TaskCompletionSource _settling = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _bound = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Task? _run;
    private BodyTarget? _target;
    private BodyTarget? _latest;
    private byte[] _kept = [];
    private int _keptLength;
    private bool _isOverfull;
    private bool _wasFlushed;
    private bool _isResending;
    private volatile bool _isSettled;
    private volatile bool _contentFailed;

    /// <summary>The content has begun to run: from here on it must not be run again.</summary>
    public bool HasBegun => _run is not null;

    /// <summary>The content's own code has failed, or was cancelled: the request's failure may be anybody's.</summary>
    public bool HasContentFailed => _contentFailed;

    /// <summary>Sends the content over this stream: from its start, or what was kept and then the rest.</summary>
    /// <exception cref="Exception">What the stream or the content failed with.</exception>
    public async Task SendAsync(HttpContent content, Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var target = new BodyTarget(stream);
        using CancellationTokenRegistration cancelled = cancellationToken.UnsafeRegister(static target => ((BodyTarget)target!).Fail(null), target);
        lock (_lock)
        {
            _latest = target;
        }

        if (_run is null)
        {
            Bind(target);
            _run = RunAsync(content, context);
        }
        else if (!await ResendAsync(target, cancellationToken).ConfigureAwait(false))
        {
            throw new InvalidOperationException("The content can be read only once, and more of it had been written than was kept.");
        }

        Task run = _run;
        if (await Task.WhenAny(run, target.Failed).ConfigureAwait(false) == run)
        {
            await EndAsync(run).ConfigureAwait(false);
            return;
        }

        // What the stream failed with is thrown on, and the content held. A cancelled writing says nothing else, but the runtime's stream knows why it was cancelled.
        Exception? failure = await target.Failed.ConfigureAwait(false);
        if (failure is null or OperationCanceledException)
        {
            failure = cancellationToken.IsCancellationRequested && ContentRun.IsShared(stream) ? await CancelledWriting.WhyAsync(stream).ConfigureAwait(false) : null;
        }

        if ((failure is not null && !_isSettled) || !IsLatest(target))
        {
            _ = run.ContinueWith(static run => _ = run.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            ExceptionDispatchInfo.Throw(failure ?? new OperationCanceledException(cancellationToken));
        }

        // Somebody has cancelled, or the answer has come and says that it needs no more of it.
        Settle();
        await EndAsync(run).ConfigureAwait(false);
    }

    /// <summary>
    /// The connection has ended: whether all that the content has written is kept, and it has not failed by itself. If so it is held at its next write, so that this stays true
    /// until the request is sent again or settled: it may not have seen the end yet, and would write on what can be kept no more.
    /// </summary>
    public bool TryHold()
    {
        lock (_lock)
        {
            if (!HasBegun || _isOverfull || _isSettled || _contentFailed)
            {
                return false;
            }

            _target = null;
            return true;
        }
    }

    /// <summary>The request has been answered, or has failed for good.</summary>
    public void Settle()
    {
        bool goesOn;
        lock (_lock)
        {
            _isSettled = true;
            _kept = _isResending ? _kept : [];

            // The answer may come before all of the body is there: what is held now goes on in a moment.
            goesOn = _isResending || _target is { HasFailed: false };
        }

        if (!goesOn)
        {
            Release();
        }
    }

    /// <summary>The content writes.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        BodyTarget? target;
        bool isKept;
        lock (_lock)
        {
            target = _target;
            isKept = TryKeep(bytes.Span);
        }

        return target is null ? HoldWriteAsync(bytes, isKept, cancellationToken) : WriteToAsync(target, bytes, isKept, cancellationToken);
    }

    /// <summary>The content flushes.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        BodyTarget? target;
        lock (_lock)
        {
            _wasFlushed = true;
            target = _target;
        }

        try
        {
            if (target is not null)
            {
                await target.Stream.FlushAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
        }
        catch (Exception e) when (GoesOnWithout(target!) && !cancellationToken.IsCancellationRequested)
        {
            Lose(target!, e);
        }

        await WaitForTargetAsync(target, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask WriteToAsync(BodyTarget target, ReadOnlyMemory<byte> bytes, bool isKept, CancellationToken cancellationToken)
    {
        try
        {
            await target.Stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
            if (isKept || TryGiveAway(target))
            {
                return;
            }
        }
        catch (Exception e) when (GoesOnWithout(target) && !cancellationToken.IsCancellationRequested)
        {
            Lose(target, e);
        }

        await WaitForTargetAsync(target, cancellationToken).ConfigureAwait(false);
        if (!isKept)
        {
            await WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The connection has taken what is not kept, so that the body is spent when it ends. False when it has been found ended before: then the request may be on its way again,
    /// and these bytes belong to what follows.
    /// </summary>
    private bool TryGiveAway(BodyTarget target)
    {
        lock (_lock)
        {
            if (_isOverfull)
            {
                return true;
            }

            if (_target != target)
            {
                return false;
            }

            _isOverfull = !_isSettled;
            _kept = [];
            return true;
        }
    }

    /// <summary>There is no connection at present: what is kept goes out with the rest; what did not fit is written when there is one.</summary>
    private async ValueTask HoldWriteAsync(ReadOnlyMemory<byte> bytes, bool isKept, CancellationToken cancellationToken)
    {
        await WaitForTargetAsync(null, cancellationToken).ConfigureAwait(false);
        if (!isKept)
        {
            await WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WaitForTargetAsync(BodyTarget? lost, CancellationToken cancellationToken)
    {
        Task bound = BoundAfter(lost);
        try
        {
            _ = await Task.WhenAny(bound, _settling.Task).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_isSettled)
        {
            // What ended the connection says more.
        }

        if (!bound.IsCompletedSuccessfully)
        {
            throw lost?.Failure ?? new IOException("The request was not sent again.");
        }
    }

    private void Release()
    {
        _ = _settling.TrySetResult();
        _contentCancelled.Cancel();
    }

    private Task BoundAfter(BodyTarget? lost)
    {
        lock (_lock)
        {
            return _target is not null && _target != lost ? Task.CompletedTask : _bound.Task;
        }
    }

    private void Bind(BodyTarget target)
    {
        TaskCompletionSource bound;
        lock (_lock)
        {
            _target = target;
            bound = _bound;
            _bound = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        _ = bound.TrySetResult();
    }

    /// <summary>
    /// That this connection fails is not the end of the request: it may be sent again, or is on its way over another one already. There it may even have been answered, while what the
    /// content wrote here was still waiting to fail.
    /// </summary>
    private bool GoesOnWithout(BodyTarget target)
    {
        lock (_lock)
        {
            return !_isSettled || _isResending || (_target is not null && _target != target);
        }
    }

    private void Lose(BodyTarget target, Exception failure)
    {
        lock (_lock)
        {
            _target = _target == target ? null : _target;
        }

        target.Fail(failure);
    }

    /// <summary>Writes what was kept, and what the content adds meanwhile, and lets the content go on. False when not all of it was kept.</summary>
    private async Task<bool> ResendAsync(BodyTarget target, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Who sends it again has seen the last one fail, though the content may not have.
            _target = null;
            if (_isOverfull || _isSettled || _contentFailed)
            {
                return false;
            }

            _isResending = true;
        }

        bool isDone = false;
        try
        {
            await WriteKeptAsync(target, cancellationToken).ConfigureAwait(false);
            isDone = true;
        }
        finally
        {
            if (EndResending() && !isDone)
            {
                Release();
            }
        }

        Bind(target);
        return true;
    }

    /// <summary>True when the request has been settled meanwhile.</summary>
    private bool EndResending()
    {
        lock (_lock)
        {
            _isResending = false;
            _kept = _isSettled ? [] : _kept;
            return _isSettled;
        }
    }

    /// <summary>Ends when all is written that was kept, and the content writes to the connection by itself from then on.</summary>
    private async Task WriteKeptAsync(BodyTarget target, CancellationToken cancellationToken)
    {
        for (int sent = 0; ;)
        {
            ReadOnlyMemory<byte> rest;
            bool flushes;
            lock (_lock)
            {
                rest = _kept.AsMemory(sent, _keptLength - sent);
                flushes = _wasFlushed;
            }

            await target.Stream.WriteAsync(rest, cancellationToken).ConfigureAwait(false);
            sent += rest.Length;
            if (flushes)
            {
                await target.Stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            }

            lock (_lock)
            {
                if (sent == _keptLength && flushes == _wasFlushed)
                {
                    _target = target;
                    return;
                }
            }
        }
    }

    // What it throws at once is its failure like any other.
    private async Task RunAsync(HttpContent content, TransportContext? context) =>
        await content.CopyToAsync(new RelayedBodyStream(this), context, _contentCancelled.Token).ConfigureAwait(false);

    private bool IsLatest(BodyTarget target)
    {
        lock (_lock)
        {
            return _latest == target;
        }
    }

    private async Task EndAsync(Task run)
    {
        try
        {
            await run.ConfigureAwait(false);
        }
        catch
        {
            _contentFailed = true;
            throw;
        }
    }

    private bool TryKeep(ReadOnlySpan<byte> bytes)
    {
        if (_isSettled || _isOverfull || _keptLength + bytes.Length > MostKept)
        {
            return false;
        }

        if (_kept.Length < _keptLength + bytes.Length)
        {
            Array.Resize(ref _kept, Math.Max(_keptLength + bytes.Length, Math.Min(2 * _kept.Length, MostKept)));
        }

        bytes.CopyTo(_kept.AsSpan(_keptLength));
        _keptLength += bytes.Length;
        return true;
    }
}
