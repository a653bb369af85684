using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace StaleConnGuard.Cli;

/// <summary>One connection of a probe: asks once, then waits in silence until the server has had enough. Not thread-safe.</summary>
internal sealed class ProbeConnection(Socket socket, Stream stream) : IAsyncDisposable
{
    // A close that comes with the response is none of an idle connection.
    private static readonly TimeSpan s_atOnce = TimeSpan.FromMilliseconds(90);

    private static readonly TimeSpan s_responsePatience = TimeSpan.FromSeconds(60);

    private readonly ProbeResponseReader _reader = new(stream);
    private long _lastByte;

    /// <summary>Sends the request and reads the response to its end.</summary>
    /// <exception cref="CannotProbeException">There was none, or it is no HTTP.</exception>
    public async Task<ProbeResponse> AskAsync(string method, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_responsePatience);
        try
        {
            await stream.WriteAsync(request, patience.Token);
            ProbeResponse response = await _reader.ReadAsync(method, patience.Token);
            _lastByte = ArrivalTime.OfLastByte(socket);
            return response;
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CannotProbeException($"no complete answer within {Duration.Format(s_responsePatience)}", exception);
        }
        catch (InvalidDataException exception)
        {
            throw new CannotProbeException($"not HTTP/1.1: {exception.Message}", exception);
        }
        catch (EndOfStreamException exception)
        {
            throw new CannotProbeException("not HTTP/1.1: the connection was closed without a complete answer", exception);
        }
        catch (IOException exception)
        {
            throw new CannotProbeException("not HTTP/1.1: the connection was reset without a complete answer", exception);
        }
    }

    /// <summary>Waits for the end of the connection, up to an idle age.</summary>
    public async Task<IdleFinding> StayIdleAsync(TimeSpan maxIdle, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TimeSpan left = maxIdle - Stopwatch.GetElapsedTime(_lastByte);
        patience.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        long? spoke = null;
        var said = new StringBuilder();
        Hear(_reader.Surplus.Span);
        byte[] buffer = new byte[1024];
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, patience.Token)) > 0)
            {
                Hear(buffer.AsSpan(0, read));
            }

            return Ended(IdleEnding.Fin, ArrivalTime.OfEnd(socket));
        }
        catch (IOException)
        {
            return Ended(IdleEnding.Reset, Stopwatch.GetTimestamp());
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Ended(IdleEnding.StillOpen, Stopwatch.GetTimestamp());
        }

        void Hear(ReadOnlySpan<byte> bytes)
        {
            if (!bytes.IsEmpty)
            {
                spoke ??= ArrivalTime.OfLastByte(socket);
                _ = said.Length < 100 ? said.Append(Encoding.Latin1.GetString(bytes)) : said;
            }
        }

        IdleFinding Ended(IdleEnding ending, long at)
        {
            // The kernel's clock ticks in milliseconds, so an end at once may look earlier than the response.
            var age = Stopwatch.GetElapsedTime(_lastByte, Math.Max(spoke ?? at, _lastByte));
            string? unasked = said.Length > 0 ? ProbeResponse.Shortened(said.ToString().Split('\n')[0]) : null;
            return ending != IdleEnding.StillOpen && age < s_atOnce ? IdleFinding.NotKept : new IdleFinding(ending, age, unasked);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        socket.Dispose();
    }
}
