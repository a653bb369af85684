using System.Diagnostics;

namespace StaleConnGuard.Lab;

/// <summary>
/// The thread that carries packets between the two ends and holds each for the delay of the link. Packets keep their order. The wait
/// is a kernel timer without slack, so a packet is late by microseconds when a core is free.
/// </summary>
internal sealed unsafe class PacketLoop : IDisposable
{
    // A burst from one side must not starve packets of the other that are due.
    private const int BurstSize = 64;

    private readonly ILinkEnd _client;
    private readonly ILinkEnd _server;
    private readonly PacketQueue _toServer = new();
    private readonly PacketQueue _toClient = new();
    private readonly byte[] _discarded = new byte[2048];
    private readonly EventDescriptor _wakeUp = new();
    private readonly Thread _thread;
    private long _delayTicks;
    private volatile bool _stopping;

    public PacketLoop(ILinkEnd client, ILinkEnd server, TimeSpan delay)
    {
        _client = client;
        _server = server;
        Hold(delay);
        _thread = new Thread(Run) { IsBackground = true, Name = "delayed link" };
        _thread.Start();
    }

    public volatile bool DropToServer;

    public volatile bool DropToClient;

    /// <summary>Counts requests that cross with the end of their connection.</summary>
    public CrossingCounter Crossings { get; } = new();

    private volatile LinkCapture? _capture;

    /// <summary>Where packets are written to, seen from the client; null for nowhere.</summary>
    public LinkCapture? Capture
    {
        get => _capture;
        set => _capture = value;
    }

    /// <summary>From now on each packet is held for so long.</summary>
    public void Hold(TimeSpan delay) => Volatile.Write(ref _delayTicks, (long)(delay.TotalSeconds * Stopwatch.Frequency));

    public void Dispose()
    {
        _stopping = true;
        _wakeUp.Set();
        _thread.Join();
        _wakeUp.Dispose();
    }

    private void Run()
    {
        Native.MakeThisThreadPrompt();
        Native.PollDescriptor* descriptors = stackalloc Native.PollDescriptor[3];
        descriptors[0] = new() { Descriptor = _client.Descriptor, Events = Native.PollIn };
        descriptors[1] = new() { Descriptor = _server.Descriptor, Events = Native.PollIn };
        descriptors[2] = new() { Descriptor = _wakeUp.Descriptor, Events = Native.PollIn };

        while (!_stopping)
        {
            Deliver(_toServer, _server, null, Crossings);
            Deliver(_toClient, _client, _capture, null);
            Native.WaitUntil(Math.Min(_toServer.NextDue, _toClient.NextDue), descriptors, 3);
            Collect(_client, _toServer, DropToServer, _capture, null);
            Collect(_server, _toClient, DropToClient, null, Crossings);
        }
    }

    private void Collect(ILinkEnd from, PacketQueue queue, bool drop, LinkCapture? capture, CrossingCounter? crossings)
    {
        for (int i = 0; i < BurstSize; i++)
        {
            bool discard = drop || queue.IsFull;
            byte[] buffer = discard ? _discarded : queue.NextBuffer;
            int length = from.Read(buffer);
            if (length == 0)
            {
                return;
            }

            // The kernel announces itself with IPv6 packets on every new interface: not ours to carry.
            if (buffer[0] >> 4 == 4)
            {
                capture?.Add(buffer.AsSpan(0, length));
                crossings?.FromServer(buffer.AsSpan(0, length));
            }

            if (!discard && buffer[0] >> 4 == 4)
            {
                queue.Commit(length, Stopwatch.GetTimestamp() + Volatile.Read(ref _delayTicks));
            }
        }
    }

    private static void Deliver(PacketQueue queue, ILinkEnd to, LinkCapture? capture, CrossingCounter? crossings)
    {
        while (queue.NextDue <= Stopwatch.GetTimestamp())
        {
            capture?.Add(queue.First);
            crossings?.ToServer(queue.First);
            to.Write(queue.First);
            queue.RemoveFirst();
        }
    }
}
