using System.Collections.Concurrent;

namespace StaleConnGuard.Cli;

/// <summary>All connections of one probe, side by side. The counts can be read from any thread while it runs.</summary>
internal sealed class ProbeSession(ProbeArguments arguments)
{
    // Servers that look at the clock once a second close late by up to that. Spread over it, the connections show the whole range.
    private static readonly TimeSpan s_spread = TimeSpan.FromSeconds(1.1);

    private readonly ProbeDialer _dialer = new(arguments.Address, arguments.Insecure);
    private readonly ConcurrentQueue<string> _failures = [];
    private int _answered;
    private int _ended;

    public ProbeArguments Arguments { get; } = arguments;

    /// <summary>Gets how many connections have had their response.</summary>
    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Gets how many of them have ended or been given up.</summary>
    public int Ended => Volatile.Read(ref _ended);

    /// <exception cref="CannotProbeException">Not even the first connection worked.</exception>
    public async Task<ProbeReport> RunAsync(CancellationToken cancellationToken)
    {
        // The first alone: if it fails, there is one reason to give and not five.
        await using ProbeConnection connection = await _dialer.DialAsync(cancellationToken);
        ProbeResponse response = await AskAsync(connection, asked: false, cancellationToken);

        Task<bool?> prefersHttp2 = _dialer.PrefersHttp2Async(cancellationToken);
        Task<ConnectionFinding?>[] others = [.. Enumerable.Range(1, Arguments.Connections - 1).Select(index => RunOtherAsync(index, cancellationToken))];
        ConnectionFinding first = await StayAsync(connection, asked: false, response, cancellationToken);
        ConnectionFinding?[] findings = await Task.WhenAll(others);
        return new ProbeReport(Arguments, [first, .. findings.OfType<ConnectionFinding>()], [.. _failures], await prefersHttp2);
    }

    private async Task<ConnectionFinding?> RunOtherAsync(int index, CancellationToken cancellationToken)
    {
        await Task.Delay(index * s_spread / Arguments.Connections, cancellationToken);
        bool asked = index % 2 == 1;
        try
        {
            await using ProbeConnection connection = await _dialer.DialAsync(cancellationToken);
            ProbeResponse response = await AskAsync(connection, asked, cancellationToken);
            return await StayAsync(connection, asked, response, cancellationToken);
        }
        catch (CannotProbeException exception)
        {
            _failures.Enqueue(exception.Message);
            return null;
        }
    }

    private async Task<ProbeResponse> AskAsync(ProbeConnection connection, bool asked, CancellationToken cancellationToken)
    {
        ProbeResponse response = await connection.AskAsync(Arguments.Method, ProbeRequest.Write(Arguments, asked), cancellationToken);
        _ = Interlocked.Increment(ref _answered);
        return response;
    }

    private async Task<ConnectionFinding> StayAsync(ProbeConnection connection, bool asked, ProbeResponse response, CancellationToken cancellationToken)
    {
        IdleFinding idle = response.SaysClose || response.Framing == BodyFraming.UntilClose
            ? IdleFinding.NotKept
            : await connection.StayIdleAsync(Arguments.MaxIdle, cancellationToken);
        _ = Interlocked.Increment(ref _ended);
        return new ConnectionFinding(asked, response, idle);
    }
}
