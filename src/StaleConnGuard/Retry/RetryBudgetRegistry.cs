using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace StaleConnGuard;

/// <summary>
/// The budget of every origin, process-wide, so that neither handler rotation nor a second client gives an origin a second budget. Holds
/// at most <see cref="MaxOrigins"/>; the least recently used go first. Thread-safe; looking up a known origin takes no lock.
/// </summary>
internal sealed class RetryBudgetRegistry(TimeProvider time)
{
    public const int MaxOrigins = 1_024;

    // Dropping several at once keeps the price of finding the oldest low for a program that visits ever new origins.
    private const int DroppedAtOnce = MaxOrigins / 8;

    private static readonly ConditionalWeakTable<TimeProvider, RetryBudgetRegistry> ByClock = new();

    private readonly ConcurrentDictionary<OriginKey, RetryBudget> _budgets = new();
    private readonly Lock _adding = new();

    /// <summary>The clock of all its budgets; timestamps given to them must come from it.</summary>
    public TimeProvider Time { get; } = time;

    public int Count => _budgets.Count;

    /// <summary>The registry of all clients that live by this clock; in production there is one clock, hence one registry.</summary>
    public static RetryBudgetRegistry For(TimeProvider time) => ByClock.GetValue(time, static clock => new RetryBudgetRegistry(clock));

    public RetryBudget GetOrAdd(in OriginKey origin) => _budgets.TryGetValue(origin, out RetryBudget? known) ? known : Add(origin);

    private RetryBudget Add(in OriginKey origin)
    {
        lock (_adding)
        {
            if (_budgets.TryGetValue(origin, out RetryBudget? other))
            {
                return other;
            }

            if (_budgets.Count >= MaxOrigins)
            {
                DropLeastRecentlyUsed();
            }

            var budget = new RetryBudget(origin, Time);
            _budgets[origin] = budget;
            return budget;
        }
    }

    private void DropLeastRecentlyUsed()
    {
        RetryBudget[] budgets = [.. _budgets.Values];
        long[] lastUsed = Array.ConvertAll(budgets, static b => b.LastUsed);
        Array.Sort(lastUsed, budgets);
        foreach (RetryBudget budget in budgets.AsSpan(0, DroppedAtOnce))
        {
            // First out of the map, then retired: who sees it retired and looks the origin up again must not find it once more.
            _budgets.TryRemove(budget.Origin, out _);
            budget.Retire();
        }
    }
}
