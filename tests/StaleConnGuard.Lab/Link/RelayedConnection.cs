using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace StaleConnGuard.Lab;

/// <summary>One connection through a <see cref="LoopbackRelay"/>: what comes in on one side goes out on the other, in order, when it is due.</summary>
internal sealed class RelayedConnection(Socket client, TimeSpan delay) : IDisposable
{
    private const int ChunksUnderWay = 1024;

    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public async Task RelayAsync(EndPoint target)
    {
        try
        {
            client.NoDelay = true;
            _server.NoDelay = true;
            await _server.ConnectAsync(target);
            await Task.WhenAll(PumpAsync(client, _server, OnClientEnded), PumpAsync(_server, client, OnServerEnded));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The server does not listen, or one side ended the connection under our hands.
        }
        finally
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        client.Dispose();
        _server.Dispose();
    }

    private void OnClientEnded(bool isReset)
    {
        if (isReset)
        {
            _server.Close(timeout: 0);
            return;
        }

        _server.Shutdown(SocketShutdown.Send);
    }

    // A server that closes is gone: what the client sends from now on must meet a closed socket, as it would without the relay.
    private void OnServerEnded(bool isReset)
    {
        if (!isReset)
        {
            client.Shutdown(SocketShutdown.Send);
        }

        client.Close(timeout: isReset ? 0 : -1);
    }

    private async Task PumpAsync(Socket from, Socket to, Action<bool> onEnded)
    {
        var underWay = Channel.CreateBounded<Chunk>(ChunksUnderWay);
        Task reading = ReadAsync(from, underWay.Writer);
        await foreach (Chunk chunk in underWay.Reader.ReadAllAsync())
        {
            await AlarmClock.Shared.WaitUntilAsync(chunk.Due);
            if (!await TryDeliverAsync(to, chunk, onEnded))
            {
                break;
            }
        }

        await reading;
    }

    private static async ValueTask<bool> TryDeliverAsync(Socket to, Chunk chunk, Action<bool> onEnded)
    {
        try
        {
            if (chunk.Bytes is null)
            {
                onEnded(chunk.IsReset);
                return false;
            }

            _ = await to.SendAsync(chunk.Bytes);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Sent into a connection that is closed at the other end: lost, which is what this is all about.
            return true;
        }
    }

    private async Task ReadAsync(Socket from, ChannelWriter<Chunk> underWay)
    {
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            int read = 0;
            bool isReset = false;
            try
            {
                read = await from.ReceiveAsync(buffer);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                isReset = true;
            }

            long due = AlarmClock.After(Stopwatch.GetTimestamp(), delay);
            await underWay.WriteAsync(new Chunk(due, read == 0 ? null : buffer.AsSpan(0, read).ToArray(), isReset));
            if (read == 0)
            {
                underWay.Complete();
                return;
            }
        }
    }

    // No bytes: the connection ended here.
    private sealed record Chunk(long Due, byte[]? Bytes, bool IsReset);
}
