using System.Runtime.CompilerServices;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Protocols.Http1;

/// <summary>The one object behind all reads of a connection that wait: what it keeps, every idle connection keeps.</summary>
public class PendingReadTests
{
    private readonly ConnectionGuard _guard = new(new KeepAliveLedger(), new TestClock());

    [Fact]
    public void Read_ThatHasBeenTaken_KeepsNobodyWhoWaited()
    {
        using var inner = new WaitingStream();
        using var stream = new GuardedStream(inner, transport: null, _guard, _guard.Ledger.GetOrAdd(new OriginKey("http", "api.test", 80, null)));

        WeakReference waiter = Wait(stream, inner);
        GC.Collect();

        waiter.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task Read_ThatFailed_IsFollowedByAnother()
    {
        await using var inner = new WaitingStream();
        await using var stream = new GuardedStream(inner, transport: null, _guard, _guard.Ledger.GetOrAdd(new OriginKey("http", "api.test", 80, null)));

        ValueTask<int> failing = stream.ReadAsync(Memory<byte>.Empty, TestContext.Current.CancellationToken);
        inner.Waiting.SetException(new IOException("gone"));
        await Should.ThrowAsync<IOException>(failing.AsTask());

        ValueTask<int> next = stream.ReadAsync(Memory<byte>.Empty, TestContext.Current.CancellationToken);
        next.IsCompleted.ShouldBeFalse();
        inner.Waiting.SetResult(0);
        (await next).ShouldBe(0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Wait(GuardedStream stream, WaitingStream inner)
    {
        ValueTask<int> read = stream.ReadAsync(Memory<byte>.Empty);
        ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter awaiter = read.ConfigureAwait(false).GetAwaiter();
        var waiter = new Waiter(awaiter);
        awaiter.UnsafeOnCompleted(waiter.Take);
        inner.Waiting.SetResult(0);
        waiter.Taken.ShouldBe(0);
        return new WeakReference(waiter);
    }

    private sealed class Waiter(ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter awaiter)
    {
        public int? Taken { get; private set; }

        public void Take() => Taken = awaiter.GetResult();
    }

    /// <summary>Each read waits for what the test says.</summary>
    private sealed class WaitingStream : DuplexStream
    {
        public TaskCompletionSource<int> Waiting { get; private set; } = new();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Waiting = new TaskCompletionSource<int>();
            return new ValueTask<int>(Waiting.Task);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override int Read(Span<byte> buffer) => throw new NotSupportedException();

        public override void Write(ReadOnlySpan<byte> buffer) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
