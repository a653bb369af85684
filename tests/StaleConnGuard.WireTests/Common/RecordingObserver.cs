using System.Collections.Concurrent;

namespace StaleConnGuard.WireTests.Common;

/// <summary>Keeps what the guard reports.</summary>
internal sealed class RecordingObserver : IGuardEvents
{
    public ConcurrentQueue<(ConnectionEnd End, Delivery Delivery, ReplayDecision Decision, long IdleAgeTicks)> Hits { get; } = new();

    public ConcurrentQueue<RefusalReason> Refusals { get; } = new();

    public int StaleHits => Hits.Count(h => h.End is ConnectionEnd.EndOfStream or ConnectionEnd.Reset);

    /// <summary>What the runtime was seen to do that the guard relies on it not to do. Nothing, in every test.</summary>
    public ConcurrentQueue<RuntimeContractBreach> Breaches { get; } = new();

    public void RuntimeContractBroken(RuntimeContractBreach breach) => Breaches.Enqueue(breach);

    public void ConnectionRefused(IGuardedConnection connection, RefusalReason reason) => Refusals.Enqueue(reason);

    public void ReplayDecided(in EndedExchange ended) =>
        Hits.Enqueue((ended.Exchange.End, ended.Exchange.Delivery, ended.Decision, ended.Exchange.IdleAgeTicks));
}
