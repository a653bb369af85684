using Polly.CircuitBreaker;
using StaleConnGuard.Measuring;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>What one contender did with one kind of request at one rate.</summary>
internal sealed class RaceRateRow(double aimedShare, RaceEntry entry, IReadOnlySet<string> executedTwice, TimeSpan shortestConnect)
{
    private readonly IReadOnlyList<RaceOutcome> _outcomes = entry.Outcomes;

    public double AimedShare => aimedShare;

    public Contender Contender => entry.Contender;

    public RequestKind Kind => entry.Kind;

    public bool IsGuarded => RaceRateContenders.IsGuarded(entry.Contender);

    public int Requests => _outcomes.Count;

    public int Raced => _outcomes.Count(outcome => outcome.Raced);

    public int Failed => _outcomes.Count(outcome => outcome.Failure is not null);

    public int RefusedByBreaker => _outcomes.Count(outcome => outcome.Failure is BrokenCircuitException);

    public int ExecutedTwice => _outcomes.Count(outcome => executedTwice.Contains(outcome.RequestId));

    /// <summary>Latencies in milliseconds of those lost and answered all the same.</summary>
    public Distribution Recovered => Milliseconds(outcome => outcome is { Raced: true, Failure: null }, outcome => outcome.Latency);

    /// <summary>Latencies in milliseconds of those that were never lost, and found their connection open.</summary>
    public Distribution FoundOpen => Milliseconds(outcome => outcome is { Raced: false, Failure: null, ConnectionsOpened: 0 }, outcome => outcome.Latency);

    /// <summary>Latencies in milliseconds of those that were never lost, and opened a connection first: a connect and a round trip.</summary>
    public Distribution Connecting => Milliseconds(outcome => outcome is { Raced: false, Failure: null, ConnectionsOpened: 1 }, outcome => outcome.Latency);

    /// <summary>
    /// What the client waited between a loss and sending again, in milliseconds: up to the moment the new connection was open, less the
    /// shortest connect there is on the link, so rather too much than too little.
    /// </summary>
    public Distribution Waited => Milliseconds(outcome => outcome is { Failure: null, LossToConnection: not null }, outcome => outcome.LossToConnection!.Value - shortestConnect);

    /// <summary>From the call until the loss was found, in milliseconds: the FIN was on its way.</summary>
    public Distribution UntilLost => Milliseconds(IsRecovered, outcome => outcome.CallToLoss!.Value);

    /// <summary>From there until a new connection was open, in milliseconds.</summary>
    public Distribution UntilConnected => Milliseconds(IsRecovered, outcome => outcome.LossToConnection!.Value);

    /// <summary>From there until the answer was there, in milliseconds.</summary>
    public Distribution UntilAnswered => Milliseconds(IsRecovered, outcome => outcome.Latency - outcome.CallToLoss!.Value - outcome.LossToConnection!.Value);

    public IEnumerable<KeyValuePair<string, int>> Failures =>
        _outcomes.Where(outcome => outcome.Failure is not null).CountBy(outcome => Racing.FailureKind.Of(outcome.Failure!), StringComparer.Ordinal);

    private static bool IsRecovered(RaceOutcome outcome) => outcome is { Raced: true, Failure: null, CallToLoss: not null, LossToConnection: not null };

    private Distribution Milliseconds(Func<RaceOutcome, bool> which, Func<RaceOutcome, TimeSpan> time) =>
        new(_outcomes.Where(which).Select(outcome => time(outcome).TotalMilliseconds));
}
