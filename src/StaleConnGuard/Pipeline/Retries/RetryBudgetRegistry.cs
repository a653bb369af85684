using System.Runtime.CompilerServices;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// The budget of every origin, process-wide, so that neither handler rotation nor a second client gives an origin a second budget. Holds
/// at most <see cref="MaxOrigins"/>; the least recently used go first. Thread-safe; looking up a known origin takes no lock.
/// </summary>
internal sealed class RetryBudgetRegistry(TimeProvider time)
{
    public const int MaxOrigins = 1_024;

    private static readonly ConditionalWeakTable<TimeProvider, RetryBudgetRegistry> ByClock = new();

    private readonly OriginTable<RetryBudget> _budgets = new(MaxOrigins);

    /// <summary>The clock of all its budgets; timestamps given to them must come from it.</summary>
    public TimeProvider Time { get; } = time;

    public int Count => _budgets.Count;

    /// <summary>The registry of all clients that live by this clock; in production there is one clock, hence one registry.</summary>
    public static RetryBudgetRegistry For(TimeProvider time) => ByClock.GetValue(time, static clock => new RetryBudgetRegistry(clock));

    public RetryBudget GetOrAdd(in OriginKey origin) => _budgets.TryFind(origin, out RetryBudget? budget) ? budget : _budgets.Add(new RetryBudget(origin, Time.GetTimestamp()));
}
