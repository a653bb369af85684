using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Kernel;

/// <summary>
/// Connects as the runtime does on its own (dual mode, no Nagle delay), but does not wait for one address of a name to fail before it tries the
/// next: a quarter of a second later the next is tried beside it, the first that connects wins, and the others are closed (RFC 8305, "happy eyeballs").
/// Immutable; thread-safe.
/// </summary>
/// <param name="tuning">Set on each socket before it connects.</param>
/// <param name="limit">How long establishing a connection may take, or infinite: all addresses are tried within its first half.</param>
/// <param name="time">The clock of the pauses between attempts.</param>
/// <param name="resolve">Finds the addresses of a name; the system's resolver when null.</param>
internal sealed class Dialer(SocketTuning tuning, TimeSpan limit, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
{
    // RFC 8305 5 and 8: the recommended delay between attempts, and the least that is allowed.
    private static readonly TimeSpan s_attemptDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_leastAttemptDelay = TimeSpan.FromMilliseconds(10);

    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve = resolve ?? Dns.GetHostAddressesAsync;

    /// <summary>A connected socket, for the caller to dispose.</summary>
    /// <exception cref="SocketException">The name has no address, or none of them takes the connection: then what the last one answered.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<Socket> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        // An address needs no look-up, and there is but one.
        if (IPAddress.TryParse(endPoint.Host, out _))
        {
            return await AttemptAsync(endPoint, cancellationToken).ConfigureAwait(false);
        }

        IPAddress[] addresses = Interleave(await _resolve(endPoint.Host, cancellationToken).ConfigureAwait(false));
        return addresses.Length switch
        {
            0 => throw new SocketException((int)SocketError.NoData),
            1 => await AttemptAsync(new IPEndPoint(addresses[0], endPoint.Port), cancellationToken).ConfigureAwait(false),
            _ => await RaceAsync(addresses, endPoint.Port, cancellationToken).ConfigureAwait(false),
        };
    }

    /// <summary>
    /// The addresses that this system can connect to, in the resolver's order, but with the families taking turns (RFC 8305 4): when one family leads
    /// nowhere, the second attempt is of the other.
    /// </summary>
    internal static IPAddress[] Interleave(IPAddress[] addresses)
    {
        IPAddress[] usable = Array.FindAll(addresses, static a => a.AddressFamily == AddressFamily.InterNetwork ? Socket.OSSupportsIPv4 : Socket.OSSupportsIPv6);
        if (usable.Length < 3)
        {
            return usable;
        }

        var first = new Queue<IPAddress>(usable.Where(a => a.AddressFamily == usable[0].AddressFamily));
        var second = new Queue<IPAddress>(usable.Where(a => a.AddressFamily != usable[0].AddressFamily));
        var ordered = new List<IPAddress>(usable.Length);
        while (first.Count + second.Count > 0)
        {
            if (first.TryDequeue(out IPAddress? next))
            {
                ordered.Add(next);
            }

            if (second.TryDequeue(out next))
            {
                ordered.Add(next);
            }
        }

        return [.. ordered];
    }

    /// <summary>How long after an attempt the next one starts. A short limit and many addresses shorten it, so that each gets its chance.</summary>
    internal static TimeSpan DelayBetween(int addresses, TimeSpan limit)
    {
        if (limit == Timeout.InfiniteTimeSpan)
        {
            return s_attemptDelay;
        }

        TimeSpan fair = limit / (2 * addresses);
        return fair > s_attemptDelay ? s_attemptDelay
            : fair < s_leastAttemptDelay ? s_leastAttemptDelay
            : fair;
    }

    private async Task<Socket> RaceAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        TimeSpan delay = DelayBetween(addresses.Length, limit);
        using var losers = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new List<Task<Socket>>(addresses.Length);
        Task<Socket>? last = null;
        int started = 0;
        try
        {
            while (true)
            {
                last = AttemptAsync(new IPEndPoint(addresses[started++], port), losers.Token);
                running.Add(last);
                if (await WaitAsync(running, last, started < addresses.Length ? delay : Timeout.InfiniteTimeSpan, losers.Token).ConfigureAwait(false) is Socket winner)
                {
                    return winner;
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (started == addresses.Length)
                {
                    // All have failed. As without the guard, what the last one answered is what the caller hears.
                    return await last.ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await losers.CancelAsync().ConfigureAwait(false);
            foreach (Task<Socket> loser in running)
            {
                _ = CloseAsync(loser);
            }
        }
    }

    /// <summary>
    /// The first of them that connects; null when it is time for the next address: the pause is over, or the attempt that was started last has failed
    /// and need not be waited for. Without a pause, null when all have failed. What is done is taken out of <paramref name="running"/>.
    /// </summary>
    private async Task<Socket?> WaitAsync(List<Task<Socket>> running, Task<Socket> last, TimeSpan pause, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task pausing = Task.Delay(pause, time, over.Token);
        try
        {
            while (running.Count > 0)
            {
                Task done = await Task.WhenAny([.. running, pausing]).ConfigureAwait(false);
                if (done == pausing)
                {
                    return null;
                }

                var attempt = (Task<Socket>)done;
                _ = running.Remove(attempt);
                if (attempt.IsCompletedSuccessfully)
                {
                    return await attempt.ConfigureAwait(false);
                }

                // Looked at, so that nobody is told of an exception that was missed.
                _ = attempt.Exception;
                if (attempt == last && pause != Timeout.InfiniteTimeSpan)
                {
                    return null;
                }
            }

            return null;
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task<Socket> AttemptAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            tuning.Apply(socket);
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            PeerAddress.LookUp(socket);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>One that comes too late, if it comes at all.</summary>
    private static async Task CloseAsync(Task<Socket> loser)
    {
        try
        {
            (await loser.ConfigureAwait(false)).Dispose();
        }
        catch (Exception)
        {
            // Cancelled or refused: nothing to close, and nobody to tell.
        }
    }
}
