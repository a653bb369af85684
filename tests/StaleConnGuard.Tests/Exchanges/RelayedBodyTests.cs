using System.Net;

namespace StaleConnGuard.Tests.Exchanges;

/// <summary>A body that can be read once, over connections that end under it.</summary>
public class RelayedBodyTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task SendAsync_OneConnection_PassesEverythingOn()
    {
        var body = new RelayedBody();
        var stream = new Http2Target(failsAt: int.MaxValue);
        await body.SendAsync(new PiecesContent([1, 2], [3]), stream, null, s_none);
        stream.Written.ShouldBe([1, 2, 3]);
        body.TryHold().ShouldBeTrue();
        body.Settle();
        body.TryHold().ShouldBeFalse();
    }

    [Fact]
    public async Task SendAsync_TheConnectionEndsInTheMiddle_TheContentGoesOnOverTheNext()
    {
        var body = new RelayedBody();
        var content = new PiecesContent([1, 2], [3, 4], [5]);
        (await Should.ThrowAsync<IOException>(() => body.SendAsync(content, new Http2Target(failsAt: 2), null, s_none))).Message.ShouldBe(Http2Target.Ended);
        body.TryHold().ShouldBeTrue();
        body.HasContentFailed.ShouldBeFalse();
        var second = new Http2Target(failsAt: int.MaxValue);
        await body.SendAsync(content, second, null, s_none);
        second.Written.ShouldBe([1, 2, 3, 4, 5]);
        content.Runs.ShouldBe(1);
    }

    [Fact]
    public async Task SendAsync_TheConnectionEndsAfterTheContent_TheNextGetsAllOfIt()
    {
        var body = new RelayedBody();
        var content = new PiecesContent([1, 2], [3]);
        await body.SendAsync(content, new Http2Target(failsAt: int.MaxValue), null, s_none);
        var second = new Http2Target(failsAt: int.MaxValue);
        await body.SendAsync(content, second, null, s_none);
        second.Written.ShouldBe([1, 2, 3]);
        content.Runs.ShouldBe(1);
    }

    [Fact]
    public async Task SendAsync_MoreIsWrittenThanIsKept_CannotBeSentAgain()
    {
        var body = new RelayedBody();
        var content = new PiecesContent(new byte[RelayedBody.MostKept], [1], [2]);
        _ = await Should.ThrowAsync<IOException>(() => body.SendAsync(content, new Http2Target(failsAt: 2), null, s_none));
        body.TryHold().ShouldBeFalse();
        body.Settle();
        _ = await Should.ThrowAsync<InvalidOperationException>(() => body.SendAsync(content, new Http2Target(failsAt: int.MaxValue), null, s_none));
        await content.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task SendAsync_HeldAndThenMoreThanIsKept_GoesOut()
    {
        var body = new RelayedBody();
        var content = new PiecesContent([1], [2], new byte[RelayedBody.MostKept]);
        _ = await Should.ThrowAsync<IOException>(() => body.SendAsync(content, new Http2Target(failsAt: 1), null, s_none));
        var second = new Http2Target(failsAt: int.MaxValue);
        await body.SendAsync(content, second, null, s_none);
        second.Written.Length.ShouldBe(2 + RelayedBody.MostKept);
        body.TryHold().ShouldBeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task SendAsync_TheWriteThatFailedWasNotKept_ItGoesOutOverTheNext(int failsAt)
    {
        var body = new RelayedBody();
        byte[][] pieces = [[1], [2], Large()];
        var content = new PiecesContent([.. pieces.Skip(2 - failsAt), [3]]);
        _ = await Should.ThrowAsync<IOException>(() => body.SendAsync(content, new Http2Target(failsAt), null, s_none));
        body.TryHold().ShouldBeTrue();
        var second = new Http2Target(failsAt: int.MaxValue);
        await body.SendAsync(content, second, null, s_none).WaitAsync(s_patience);
        second.Written.ShouldBe([.. pieces.Skip(2 - failsAt).SelectMany(static piece => piece), 3]);
        content.Runs.ShouldBe(1);
        body.TryHold().ShouldBeFalse();
    }

    [Fact]
    public async Task SendAsync_TheWriteThatFailedWasNotKept_AndNobodySendsItAgain_TheContentGetsTheFailure()
    {
        var body = new RelayedBody();
        var content = new PiecesContent([1], Large());
        _ = await Should.ThrowAsync<IOException>(() => body.SendAsync(content, new Http2Target(failsAt: 1), null, s_none));
        body.Settle();
        (await content.Ended.WaitAsync(s_patience)).ShouldBeOfType<IOException>().Message.ShouldBe(Http2Target.Ended);
    }

    [Fact]
    public async Task TryHold_AWriteThatIsNotKeptSucceedsAfterIt_GoesOutOverTheNextToo()
    {
        using var ended = new CancellationTokenSource();
        var body = new RelayedBody();
        var content = new PiecesContent([1], Large(), [3]);
        var waits = new TaskCompletionSource();
        var first = new Http2Target(failsAt: 2) { Before = write => write == 2 ? waits.Task : Task.CompletedTask };
        Task sending = body.SendAsync(content, first, null, ended.Token);
        body.TryHold().ShouldBeTrue();
        ended.Cancel();
        _ = await Should.ThrowAsync<IOException>(() => sending.WaitAsync(s_patience));
        var second = new Http2Target(failsAt: int.MaxValue);
        Task again = body.SendAsync(content, second, null, s_none);

        // The connection that has ended takes it all the same: into a buffer that nobody empties.
        waits.SetResult();
        await again.WaitAsync(s_patience);
        second.Written.ShouldBe([1, .. Large(), 3]);
    }

    [Fact]
    public async Task TryHold_AWriteThatIsNotKeptSucceededBefore_CannotBeSentAgain()
    {
        var body = new RelayedBody();
        var content = new PiecesContent([1], Large()) { WaitsAtTheEnd = true };
        Task sending = body.SendAsync(content, new Http2Target(failsAt: int.MaxValue), null, s_none);
        body.TryHold().ShouldBeFalse();
        content.Finish();
        await sending.WaitAsync(s_patience);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TryHold_TheContentHasNotSeenTheEnd_WhatItWritesThenWaitsForTheNext(bool isSentAgain)
    {
        using var ended = new CancellationTokenSource();
        var body = new RelayedBody();
        var content = new PiecesContent([1], new byte[RelayedBody.MostKept]) { WaitsAfterTheFirst = true };
        var first = new Http2Target(failsAt: 1);
        Task sending = body.SendAsync(content, first, null, ended.Token);
        body.TryHold().ShouldBeTrue();
        content.Finish();
        ended.Cancel();
        _ = await Should.ThrowAsync<IOException>(() => sending.WaitAsync(TimeSpan.FromSeconds(30)));
        first.Written.ShouldBe([1]);
        if (!isSentAgain)
        {
            body.Settle();
            _ = (await content.Ended.WaitAsync(TimeSpan.FromSeconds(30))).ShouldNotBeNull();
            return;
        }

        var second = new Http2Target(failsAt: int.MaxValue);
        await body.SendAsync(content, second, null, s_none).WaitAsync(TimeSpan.FromSeconds(30));
        second.Written.Length.ShouldBe(1 + RelayedBody.MostKept);
    }

    [Fact]
    public async Task Settle_TheContentIsHeld_ItGetsTheFailureAndIsCancelled()
    {
        var body = new RelayedBody();
        var content = new PiecesContent([1], [2]);
        _ = await Should.ThrowAsync<IOException>(() => body.SendAsync(content, new Http2Target(failsAt: 1), null, s_none));
        content.Ended.IsCompleted.ShouldBeFalse();
        body.Settle();
        Exception? seen = await content.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        seen.ShouldBeOfType<IOException>().Message.ShouldBe(Http2Target.Ended);
        content.Token.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public async Task Settle_AnsweredWhileWhatWasKeptIsOnItsWay_TheContentGoesOn()
    {
        var body = new RelayedBody();
        var content = new PiecesContent([1], [2], [3]);
        _ = await Should.ThrowAsync<IOException>(() => body.SendAsync(content, new Http2Target(failsAt: 1), null, s_none));
        var second = new Http2Target(failsAt: int.MaxValue) { OnFirstWrite = body.Settle };
        await body.SendAsync(content, second, null, s_none).WaitAsync(TimeSpan.FromSeconds(30));
        second.Written.ShouldBe([1, 2, 3]);
        content.Token.IsCancellationRequested.ShouldBeFalse();
    }

    /// <summary>What the content wrote, or flushed, on the connection that ended fails last of all: the request has been sent again and answered by then.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Settle_AnsweredBeforeTheContentSawTheEnd_TheContentGoesOn(bool flushes, bool isStillOnItsWay)
    {
        using var ended = new CancellationTokenSource();
        var body = new RelayedBody();
        var content = new PiecesContent([1], [2]) { Flushes = flushes };
        var fails = new TaskCompletionSource();
        var first = new Http2Target(failsAt: 1)
        {
            Before = write => write == 1 && !flushes ? fails.Task : Task.CompletedTask,
            BeforeFlush = () => fails.Task,
        };
        Task sending = body.SendAsync(content, first, null, ended.Token);
        body.TryHold().ShouldBeTrue();
        ended.Cancel();
        _ = await Should.ThrowAsync<IOException>(() => sending.WaitAsync(s_patience));

        var arrives = new TaskCompletionSource();
        var second = new Http2Target(failsAt: int.MaxValue)
        {
            OnFirstWrite = body.Settle,
            Before = write => write == 1 && isStillOnItsWay ? arrives.Task : Task.CompletedTask,
        };
        Task again = body.SendAsync(content, second, null, s_none);
        fails.SetException(new IOException(Http2Target.Ended));
        arrives.SetResult();
        await again.WaitAsync(s_patience);
        second.Written.ShouldBe([1, 2]);
        (await content.Ended.WaitAsync(s_patience)).ShouldBeNull();
    }

    /// <summary>The connection that answered is the one that fails: that is the content's to know.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Settle_TheConnectionThatAnsweredFails_TheContentGetsTheFailure(bool flushes)
    {
        var body = new RelayedBody();
        var content = new PiecesContent([1], [2]) { Flushes = flushes };
        var fails = new TaskCompletionSource();
        var stream = new Http2Target(failsAt: 1)
        {
            Before = write => write == 1 && !flushes ? fails.Task : Task.CompletedTask,
            BeforeFlush = () => fails.Task,
        };
        Task sending = body.SendAsync(content, stream, null, s_none);
        body.Settle();
        fails.SetException(new IOException(Http2Target.Ended));
        _ = await Should.ThrowAsync<HttpRequestException>(() => sending.WaitAsync(s_patience));
        (await content.Ended.WaitAsync(s_patience)).ShouldBeOfType<IOException>().Message.ShouldBe(Http2Target.Ended);
    }

    [Fact]
    public async Task SendAsync_TheCallerCancels_TheContentIsCancelledAndNothingIsHeld()
    {
        using var cancelled = new CancellationTokenSource();
        var body = new RelayedBody();
        var content = new PiecesContent([1]) { WaitsAtTheEnd = true };
        Task sending = body.SendAsync(content, new Http2Target(failsAt: int.MaxValue), null, cancelled.Token);
        cancelled.Cancel();
        _ = await Should.ThrowAsync<OperationCanceledException>(() => sending.WaitAsync(TimeSpan.FromSeconds(30)));
        content.Ended.IsCompleted.ShouldBeTrue();
        body.TryHold().ShouldBeFalse();
    }

    [Fact]
    public async Task SendAsync_TheWritingIsCancelledBecauseTheConnectionEnded_SaysSoAndHoldsTheContent()
    {
        using var cancelled = new CancellationTokenSource();
        var body = new RelayedBody();
        var content = new PiecesContent([1]) { WaitsAtTheEnd = true };
        Task sending = body.SendAsync(content, new Http2Target(failsAt: 1), null, cancelled.Token);
        cancelled.Cancel();
        (await Should.ThrowAsync<IOException>(() => sending.WaitAsync(TimeSpan.FromSeconds(30)))).Message.ShouldBe(Http2Target.Ended);
        content.Ended.IsCompleted.ShouldBeFalse();
        body.TryHold().ShouldBeTrue();
        var second = new Http2Target(failsAt: int.MaxValue);
        Task again = body.SendAsync(content, second, null, s_none);
        content.Finish();
        await again.WaitAsync(TimeSpan.FromSeconds(30));
        second.Written.ShouldBe([1]);
    }

    [Fact]
    public async Task SendAsync_TheContentFails_IsItsFailure()
    {
        var body = new RelayedBody();
        _ = await Should.ThrowAsync<FormatException>(() => body.SendAsync(new PiecesContent([1]) { Fails = true }, new Http2Target(failsAt: int.MaxValue), null, s_none));
        body.HasContentFailed.ShouldBeTrue();
        body.TryHold().ShouldBeFalse();
    }

    [Fact]
    public async Task SendAsync_ConnectionsEndAnywhere_TheLastOneGetsEveryByteOnceAndInOrder()
    {
        var random = new Random(20261126);
        (int whole, int spent) = (0, 0);
        for (int round = 0; round < 2000; round++)
        {
            byte[][] pieces = [.. Enumerable.Range(0, random.Next(0, 6)).Select(_ => new byte[random.Next(10) == 0 ? RelayedBody.MostKept - 500 + random.Next(1000) : random.Next(0, 300)])];
            foreach (byte[] piece in pieces)
            {
                random.NextBytes(piece);
            }

            var body = new RelayedBody();
            var content = new PiecesContent(pieces) { Flushes = random.Next(2) == 0, Yields = random.Next(2) == 0 };
            for (int attempt = 0; ; attempt++)
            {
                var stream = new Http2Target(failsAt: attempt == 4 ? int.MaxValue : random.Next(0, 6)) { Yields = random.Next(2) == 0 };
                try
                {
                    await body.SendAsync(content, stream, null, s_none).WaitAsync(TimeSpan.FromSeconds(30));
                }
                catch (IOException) when (!body.TryHold())
                {
                    // It had taken more than is kept.
                    stream.Written.Length.ShouldBeGreaterThan(RelayedBody.MostKept);
                    spent++;
                    body.Settle();
                    break;
                }
                catch (IOException)
                {
                    stream.Written.Length.ShouldBeLessThanOrEqualTo(RelayedBody.MostKept);
                    continue;
                }

                stream.Written.ShouldBe([.. pieces.SelectMany(static piece => piece)]);
                whole++;
                break;
            }

            content.Runs.ShouldBe(1);
        }

        whole.ShouldBeGreaterThan(1000);
        spent.ShouldBeGreaterThan(50);
    }

    /// <summary>More than is kept, and all of it different.</summary>
    private static byte[] Large() => [.. Enumerable.Range(0, RelayedBody.MostKept + 1).Select(static i => (byte)(i * 31 / 7))];

    /// <summary>The runtime's stream, as far as it is known by its name: fails from some write on.</summary>
    private sealed class Http2Target(int failsAt) : MemoryStream
    {
        public const string Ended = "The connection ended.";

        private int _writes;

        public bool Yields { get; init; }

        public Action OnFirstWrite { get; init; } = static () => { };

        /// <summary>Waited for with the number of the write, before it is done.</summary>
        public Func<int, Task> Before { get; init; } = static _ => Task.CompletedTask;

        /// <summary>Waited for before it is flushed.</summary>
        public Func<Task> BeforeFlush { get; init; } = static () => Task.CompletedTask;

        public byte[] Written => ToArray();

        public override Task FlushAsync(CancellationToken cancellationToken) => BeforeFlush();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Yields)
            {
                await Task.Yield();
            }

            if (_writes == 0)
            {
                OnFirstWrite();
            }

            int write = ++_writes;
            await Before(write);
            if (write > failsAt)
            {
                throw new IOException(Ended);
            }

            Write(buffer.Span);
        }
    }

    private sealed class PiecesContent(params byte[][] pieces) : HttpContent
    {
        private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _finish = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Runs { get; private set; }

        public bool Flushes { get; init; }

        public bool Yields { get; init; }

        public bool Fails { get; init; }

        public bool WaitsAtTheEnd { get; init; }

        public bool WaitsAfterTheFirst { get; init; }

        public CancellationToken Token { get; private set; }

        public Task<Exception?> Ended => _ended.Task;

        public void Finish() => _finish.SetResult();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw new NotSupportedException();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            Runs++;
            Token = cancellationToken;
            try
            {
                foreach (byte[] piece in pieces)
                {
                    if (Yields)
                    {
                        await Task.Yield();
                    }

                    await stream.WriteAsync(piece, cancellationToken);
                    if (Flushes)
                    {
                        await stream.FlushAsync(cancellationToken);
                    }

                    if (WaitsAfterTheFirst)
                    {
                        await _finish.Task.WaitAsync(cancellationToken);
                    }
                }

                if (WaitsAtTheEnd)
                {
                    await _finish.Task.WaitAsync(cancellationToken);
                }

                if (Fails)
                {
                    throw new FormatException();
                }
            }
            catch (Exception e)
            {
                _ = _ended.TrySetResult(e);
                throw;
            }

            _ = _ended.TrySetResult(null);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
