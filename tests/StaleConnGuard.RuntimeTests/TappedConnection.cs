using System.Collections.Concurrent;
using System.Diagnostics;

namespace StaleConnGuard.RuntimeTests;

/// <summary>The stream that the runtime speaks HTTP on: notes each call with its context, and does something else where a test says so.</summary>
internal sealed class TappedConnection(Stream inner, TappedClient client, int index) : PassThroughStream(inner)
{
    private readonly ConcurrentQueue<StreamCall> _calls = new();

    public int Index { get; } = index;

    public IReadOnlyList<StreamCall> Calls => [.. _calls];

    public IReadOnlyList<StreamCall> Writes => [.. _calls.Where(call => call.Kind == "write")];

    public IReadOnlyList<StreamCall> Reads => [.. _calls.Where(call => call.Kind == "read")];

    public bool IsDisposed => _calls.Any(call => call.Kind == "dispose");

    /// <summary>What a read does instead; null for what it does anyway.</summary>
    public Func<Memory<byte>, Task<int>?>? OnRead { get; set; }

    /// <summary>Runs before a write, and may throw.</summary>
    public Action<ReadOnlyMemory<byte>>? OnWrite { get; set; }

    /// <summary>From here on this exception comes instead of end-of-stream.</summary>
    public void ThrowAtEnd(Exception exception) => OnRead = buffer => ReadOrThrowAsync(buffer, exception);

    public void Forget() => _calls.Clear();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Note("read", buffer.Length, []);
        return OnRead?.Invoke(buffer) is Task<int> instead ? new ValueTask<int>(instead) : Inner.ReadAsync(buffer, cancellationToken);
    }

    public override int Read(Span<byte> buffer)
    {
        Note("read", buffer.Length, []);
        byte[] read = new byte[buffer.Length];
        if (OnRead?.Invoke(read) is not Task<int> instead)
        {
            return Inner.Read(buffer);
        }

        int count = instead.GetAwaiter().GetResult();
        read.AsSpan(0, count).CopyTo(buffer);
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Note("write", buffer.Length, buffer.ToArray());
        OnWrite?.Invoke(buffer);
        return Inner.WriteAsync(buffer, cancellationToken);
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Note("write", buffer.Length, buffer.ToArray());
        OnWrite?.Invoke(buffer.ToArray());
        Inner.Write(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        Note("dispose", 0, []);
        base.Dispose(disposing);
    }

    private async Task<int> ReadOrThrowAsync(Memory<byte> buffer, Exception exception)
    {
        int count = await Inner.ReadAsync(buffer);
        return count > 0 || buffer.IsEmpty ? count : throw exception;
    }

    private void Note(string kind, int length, byte[] bytes)
    {
        _calls.Enqueue(new StreamCall(kind, length, TappedClient.Sender, Activity.Current?.OperationName, bytes));
        client.Signal();
    }
}
