namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// Ends the pool's wait on an idle connection at the keep-alive limit. The pool's scavenger leaves a zero-byte read pending; from then on the pool does not
/// look when it gives the connection to a request, so that one past its limit can only be refused at the request's first write, which the runtime
/// measures as a failed request. When that read ends at the limit instead, the pool takes the connection for closed and nobody is given it.
/// </summary>
/// <remarks>
/// Only for a timeout that was configured or advertised. A learned one is contradicted by connections that are seen open after it, so those stay in the pool.
/// Threads: the wait is begun by the reading side while the connection is in the pool and ended by a timer; a request that is given the connection in
/// that moment is found through the connection's user, which only one of the two can take.
/// </remarks>
internal sealed class IdleExpiry(Http1Connection connection, IdleObservation idle)
{
    private volatile bool _expired;

    /// <summary>The wait was ended at the limit: what reads on is to find end-of-stream.</summary>
    public bool HasExpired => _expired;

    /// <summary>The wait itself, or one that ends at the limit where there is one.</summary>
    /// <param name="wait">The zero-byte read that is pending.</param>
    public ValueTask<int> Limit(ValueTask<int> wait)
    {
        if (wait.IsCompleted || connection.User.Current is not Exchange user || !idle.IsInPool(user) || LimitTicks(user) is not { } limit)
        {
            return wait;
        }

        return new ValueTask<int>(EndAtLimitAsync(wait.AsTask(), user, limit));
    }

    private async Task<int> EndAtLimitAsync(Task<int> wait, Exchange user, long limit)
    {
        TimeProvider time = connection.Guard.Time;
        using var over = new CancellationTokenSource();
        while (true)
        {
            long left = limit - connection.Clock.IdleAgeTicksAt(connection.Clock.Now);
            if (left < 0)
            {
                return await TryExpireAsync(wait, user).ConfigureAwait(false);
            }

            // A connection is usable at exactly its limit, and a timer may be early by less than its resolution.
            Task pause = Task.Delay(TimeSpan.FromTicks(left) + TimeSpan.FromMilliseconds(1), time, over.Token);
            if (await Task.WhenAny(wait, pause).ConfigureAwait(false) == wait || !ReferenceEquals(connection.User.Current, user))
            {
                await over.CancelAsync().ConfigureAwait(false);
                return await wait.ConfigureAwait(false);
            }

            if (LimitTicks(user) is not { } now)
            {
                return await wait.ConfigureAwait(false);
            }

            limit = now;
        }
    }

    private async Task<int> TryExpireAsync(Task<int> wait, Exchange user)
    {
        if (!connection.User.TryEnd(user))
        {
            // A request has it, and was judged before its first byte.
            return await wait.ConfigureAwait(false);
        }

        // What the wait beneath comes to, when the pool disposes of the connection, is nobody's business any more.
        _ = wait.ContinueWith(static done => _ = done.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        idle.NoteRefusedForAge();
        _expired = true;
        return 0;
    }

    private long? LimitTicks(Exchange user)
    {
        KeepAliveLimit limit = KeepAliveLimit.WithMeasuredMargin(connection.Origin, user.Settings.KeepAlive.For(connection.Origin.Key), safeToRepeat: true);
        return limit.Source is KeepAliveLimitSource.Configured or KeepAliveLimitSource.Advertised && limit.MaxIdle is not null ? limit.MaxIdleTicks : null;
    }
}
