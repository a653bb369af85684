using System.Globalization;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// What the runtime makes of a connection that took too long is a cancellation, which nobody asked for where the limit is the guard's own. The caller
/// hears what happened: a connection that could not be made.
/// </summary>
internal static class ConnectTimeoutFailure
{
    /// <summary>The failure to surface: <paramref name="failure"/> itself, unless it is the guard's limit for connecting that has run out.</summary>
    public static Exception Of(Exception failure, Exchange exchange, CancellationToken callerToken)
    {
        if (failure is not OperationCanceledException { InnerException: TimeoutException timeout } || callerToken.IsCancellationRequested)
        {
            return failure;
        }

        // Content of the application that sends by a handler of its own may bring such an exception along.
        if (exchange.Guard.ConnectTimeout is not TimeSpan limit || exchange.HasContentBegun || (exchange.IsBound && !exchange.Responded) || !FailureClassifier.SaysConnectTimeout(timeout))
        {
            return failure;
        }

        string origin = exchange.Request?.RequestUri is { IsAbsoluteUri: true } address ? OriginKey.TextOf(address) : "an unknown origin";
        return new HttpRequestException(
            HttpRequestError.ConnectionError,
            string.Create(CultureInfo.InvariantCulture, $"The connection to {origin} timed out: it was not established within {limit.TotalSeconds:0.###} s (Transport.ConnectTimeout)."),
            timeout);
    }
}
