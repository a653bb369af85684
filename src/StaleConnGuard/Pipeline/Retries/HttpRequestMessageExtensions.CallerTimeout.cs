namespace StaleConnGuard;

public static partial class HttpRequestMessageExtensions
{
    internal static readonly HttpRequestOptionsKey<TimeSpan> CallerTimeout = new("StaleConnGuard.CallerTimeout");

    /// <summary>
    /// Says how long the caller waits for this request, all attempts together, from the moment it is sent. No retry is begun whose wait
    /// would end after that. Nothing is cancelled by it. Goes before <see cref="RetryOptions.CallerTimeout"/>.
    /// </summary>
    /// <param name="request">The request, before it is sent.</param>
    /// <param name="timeout">Above 0 and at most 1 day, or <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <returns>The same request.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is outside its range.</exception>
    public static HttpRequestMessage SetCallerTimeout(this HttpRequestMessage request, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!RetryOptionsRules.IsCallerTimeout(timeout))
        {
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, $"Accepted is above 0 and at most {RetryDefaults.MaxCallerTimeout:c}, or Timeout.InfiniteTimeSpan.");
        }

        request.Options.Set(CallerTimeout, timeout);
        return request;
    }
}
