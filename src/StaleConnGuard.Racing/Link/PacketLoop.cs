using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace StaleConnGuard.Racing;

/// <summary>
/// The thread that carries packets between two TUN devices and holds each for the delay of the link. Packets keep their order. The wait
/// is a kernel timer without slack, so a packet is late by microseconds when a core is free.
/// </summary>
internal sealed unsafe class PacketLoop : IDisposable
{
    // A burst from one side must not starve packets of the other that are due.
    private const int BurstSize = 64;

    private readonly TunDevice _client;
    private readonly TunDevice _server;
    private readonly PacketQueue _toServer = new();
    private readonly PacketQueue _toClient = new();
    private readonly byte[] _discarded = new byte[2048];
    private readonly long _delayTicks;
    private readonly SafeFileHandle _wakeUp;
    private readonly Thread _thread;
    private volatile bool _stopping;

    public PacketLoop(TunDevice client, TunDevice server, TimeSpan delay)
    {
        _client = client;
        _server = server;
        _delayTicks = (long)(delay.TotalSeconds * Stopwatch.Frequency);
        _wakeUp = new SafeFileHandle(Native.EventDescriptor(0, Native.OpenCloseOnExec), ownsHandle: true);
        _thread = new Thread(Run) { IsBackground = true, Name = "delayed link" };
        _thread.Start();
    }

    public volatile bool DropToServer;

    public volatile bool DropToClient;

    public void Dispose()
    {
        _stopping = true;
        ulong one = 1;
        _ = Native.Write((int)_wakeUp.DangerousGetHandle(), (byte*)&one, sizeof(ulong));
        _thread.Join();
        _wakeUp.Dispose();
    }

    private void Run()
    {
        Native.MakeThisThreadPrompt();
        Native.PollDescriptor* descriptors = stackalloc Native.PollDescriptor[3];
        descriptors[0] = new() { Descriptor = _client.Descriptor, Events = Native.PollIn };
        descriptors[1] = new() { Descriptor = _server.Descriptor, Events = Native.PollIn };
        descriptors[2] = new() { Descriptor = (int)_wakeUp.DangerousGetHandle(), Events = Native.PollIn };

        while (!_stopping)
        {
            Deliver(_toServer, _server);
            Deliver(_toClient, _client);
            WaitForPackets(descriptors);
            Collect(_client, _toServer, DropToServer);
            Collect(_server, _toClient, DropToClient);
        }
    }

    private void WaitForPackets(Native.PollDescriptor* descriptors)
    {
        long due = Math.Min(_toServer.NextDue, _toClient.NextDue);
        if (due == long.MaxValue)
        {
            _ = Native.Poll(descriptors, 3, null, null);
            return;
        }

        long ticks = due - Stopwatch.GetTimestamp();
        if (ticks <= 0)
        {
            return;
        }

        var timeout = new Native.TimeSpec
        {
            Seconds = (nint)(ticks / Stopwatch.Frequency),
            Nanoseconds = (nint)(ticks % Stopwatch.Frequency * 1_000_000_000 / Stopwatch.Frequency),
        };
        _ = Native.Poll(descriptors, 3, &timeout, null);
    }

    private void Collect(TunDevice from, PacketQueue queue, bool drop)
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
            if (!discard && buffer[0] >> 4 == 4)
            {
                queue.Commit(length, Stopwatch.GetTimestamp() + _delayTicks);
            }
        }
    }

    private static void Deliver(PacketQueue queue, TunDevice to)
    {
        while (queue.NextDue <= Stopwatch.GetTimestamp())
        {
            to.Write(queue.First);
            queue.RemoveFirst();
        }
    }
}
