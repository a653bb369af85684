namespace StaleConnGuard.Pipeline;

/// <summary>
/// The retries that one origin may see. Requests earn a fraction of a retry each, and some retries a second are there however few
/// requests come. Lock-free; every member may be called from any thread. A request costs one addition; only a retry settles accounts.
/// </summary>
/// <remarks>
/// Bound, for any span of time: retries ≤ Ratio × requests + MinRetriesPerSecond × seconds + what was in reserve at its start. The reserve
/// is at most what one second's requests earn (but up to <see cref="MinReserve"/> retries), and one second's minimum. So a long healthy
/// time saves up no storm, yet everything that was in flight when a server went away can be retried once.
/// </remarks>
/// <param name="origin">The origin. Which proxy leads to it makes no difference.</param>
/// <param name="opened">When it is made: a timestamp of the clock that is given to the methods, too, because a thousand budgets need not each have a reference to it.</param>
internal sealed class RetryBudget(in OriginKey origin, long opened) : OriginEntry(origin, opened)
{
    /// <summary>What an origin with little traffic may save up from its requests.</summary>
    public const double MinReserve = 10;

    // Earnings are added as whole numbers, because there is no interlocked addition of fractions.
    private const double UnitsPerRetry = 1_000_000;

    private readonly long _opened = opened;

    // Null until the first retry: most origins never need one.
    private Account? _account;
    private long _earnedUnits;

    public static long ToUnits(double retries) => (long)Math.Round(retries * UnitsPerRetry);

    /// <summary>A request is being sent, for the first time, at this timestamp.</summary>
    public void Earn(long units, long timestamp)
    {
        Interlocked.Add(ref _earnedUnits, units);
        LastUsed = timestamp;
    }

    /// <summary>Takes one retry out, if there is one.</summary>
    public bool TrySpend(double minPerSecond, TimeProvider time)
    {
        // Taken out before the loop: whoever loses the exchange below still owns these units and brings them along.
        double earned = Interlocked.Exchange(ref _earnedUnits, 0) / UnitsPerRetry;
        while (true)
        {
            Account? before = Volatile.Read(ref _account);
            Account settled = (before ?? Account.Open(_opened)).Settle(earned, minPerSecond, time.GetTimestamp(), time.TimestampFrequency);
            Account? after = settled.Spend();

            // By reference: two accounts of the same values are equal as records, and a lost exchange would pass for a won one.
            if (ReferenceEquals(Interlocked.CompareExchange(ref _account, after ?? settled, before), before))
            {
                return after is not null;
            }
        }
    }

    /// <summary>True once a minute at most: the moment to say that the budget is empty.</summary>
    public bool ShouldReport(TimeProvider time)
    {
        while (true)
        {
            Account? before = Volatile.Read(ref _account);
            long now = time.GetTimestamp();
            if (before?.ReportedAt is long last && time.GetElapsedTime(last, now) < TimeSpan.FromMinutes(1))
            {
                return false;
            }

            Account after = (before ?? Account.Open(_opened)) with { ReportedAt = now };
            if (ReferenceEquals(Interlocked.CompareExchange(ref _account, after, before), before))
            {
                return true;
            }
        }
    }

    /// <summary>Both balances at one moment. Immutable, so that they change together.</summary>
    private sealed record Account
    {
        public required double Earned { get; init; }

        /// <summary>Negative: not yet opened, because the minimum is not known before the first retry.</summary>
        public required double Minimum { get; init; }

        public required double Reserve { get; init; }

        public required long SettledAt { get; init; }

        /// <summary>Earnings since the moment below; their rate gives the reserve.</summary>
        public required double EarnedInPeriod { get; init; }

        public required long PeriodStart { get; init; }

        /// <summary>When it was last said that the budget is empty.</summary>
        public long? ReportedAt { get; init; }

        public static Account Open(long now) => new()
        {
            Earned = 0,
            Minimum = -1,
            Reserve = MinReserve,
            SettledAt = now,
            EarnedInPeriod = 0,
            PeriodStart = now,
        };

        public Account Settle(double earned, double minPerSecond, long now, long frequency)
        {
            // Two threads may have read the clock in one order and come here in the other.
            double seconds = Math.Max(0, now - SettledAt) / (double)frequency;
            double period = Math.Max(0, now - PeriodStart) / (double)frequency;
            double inPeriod = EarnedInPeriod + earned;
            double perSecond = inPeriod / Math.Max(1, period);
            bool periodOver = period >= 1;
            double reserve = Math.Max(MinReserve, periodOver ? perSecond : Math.Max(Reserve, perSecond));
            double fullMinimum = minPerSecond > 0 ? Math.Max(1, minPerSecond) : 0;
            return this with
            {
                Earned = Math.Min(Earned + earned, reserve),
                Minimum = Minimum < 0 ? fullMinimum : Math.Min(fullMinimum, Minimum + (seconds * minPerSecond)),
                Reserve = reserve,
                SettledAt = Math.Max(now, SettledAt),
                EarnedInPeriod = periodOver ? 0 : inPeriod,
                PeriodStart = periodOver ? now : PeriodStart,
            };
        }

        /// <summary>Null when there is nothing to spend. The minimum goes first: what is not used of it is lost, what was earned keeps a while.</summary>
        public Account? Spend()
        {
            if (Minimum >= 1)
            {
                return this with { Minimum = Minimum - 1 };
            }

            return Earned >= 1 ? this with { Earned = Earned - 1 } : null;
        }
    }
}
