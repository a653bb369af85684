using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>A guarded client with a ledger and an observer of its own, impatient where the defaults would make a test long.</summary>
internal sealed class SilentClient : IDisposable
{
    public static readonly TimeSpan Unacknowledged = TimeSpan.FromSeconds(2);

    /// <summary>Far above what a loaded machine needs, far below the hundred seconds that a plain client hangs.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(12);

    public SilentClient(Action<StaleConnGuardOptions>? configure = null, SocketsHttpHandler? handler = null)
    {
        handler ??= new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        var options = new StaleConnGuardOptions
        {
            Retry = { Enabled = false },
            KeepAlive = { NonIdempotentMaxIdle = Timeout.InfiniteTimeSpan },
            Transport = { UnacknowledgedDataTimeout = Unacknowledged },
        };
        configure?.Invoke(options);
        Http = new HttpClient(StaleConnGuardHandler.Create(options, handler, new KeepAliveLedger(), Observer));
    }

    public HttpClient Http { get; }

    public RecordingObserver Observer { get; } = new();

    /// <summary>What the connections ended with, as the guard saw it.</summary>
    public IEnumerable<ConnectionEnd> Ends => Observer.Hits.Select(h => h.End);

    /// <summary>Without the guard, and giving up soon: it would hang for its timeout, whatever that is.</summary>
    public static HttpClient Plain(TimeSpan patience) => SilenceRun.Client(guarded: false, patience);

    public void Dispose() => Http.Dispose();
}
