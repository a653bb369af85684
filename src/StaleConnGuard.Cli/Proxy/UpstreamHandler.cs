using Yarp.ReverseProxy.Model;

namespace StaleConnGuard.Cli;

/// <summary>
/// Stands above the guard. A request that no upstream can have seen, because no connection came about, goes to the cluster's next upstream, and when all refuse, waits a little for one to
/// come back: an upstream that restarts is no reason for a 502. What may have been executed goes out once more only if it is safe to repeat. The rules are the guard's own. Thread-safe.
/// </summary>
/// <param name="cluster">Finds the cluster; null when there is none.</param>
/// <param name="health">Leaves out who cannot be connected to.</param>
/// <param name="wait">For how long a request may wait.</param>
/// <param name="time">The clock; null for the system's.</param>
internal sealed class UpstreamHandler(Func<ClusterState?> cluster, UpstreamHealthPolicy health, TimeSpan wait, TimeProvider? time = null) : DelegatingHandler
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(250);

    // Judges; what is more than that is decided here. Each request may be repeated as long as it waits.
    private static readonly RetryPolicy s_rules = new(new RetryOptions { MaxRetries = 10 }, NonIdempotentReplay.WhenProven, new Random(0));

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Exception failure;
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (Exception e) when (Judge(request, e, cancellationToken) is RetryReason.RetriedNotReceived or RetryReason.RetriedConnectionLost)
        {
            failure = e;
        }

        return await SendAgainAsync(request, failure, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAgainAsync(HttpRequestMessage request, Exception failure, CancellationToken cancellationToken)
    {
        long begun = _time.GetTimestamp();
        TimeSpan pause = s_firstPause;
        bool isRepeated = false;
        ClusterState? state = cluster();
        HashSet<DestinationState> refused = [];
        while (true)
        {
            RetryReason reason = Judge(request, failure, cancellationToken);
            bool maySend = reason is RetryReason.RetriedNotReceived || (reason is RetryReason.RetriedConnectionLost && !isRepeated);
            isRepeated |= reason is RetryReason.RetriedConnectionLost;
            if (!maySend)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }

            if (!TryTurn(request, state, refused, isRefusal: reason is RetryReason.RetriedNotReceived))
            {
                if (_time.GetElapsedTime(begun) + pause > wait)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
                }

                await Task.Delay(pause, _time, cancellationToken);
                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
                refused.Clear();
            }

            RequestAttempts attempts = RequestAttempts.GetOrAttach(request);
            attempts.BeginRetry();
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                failure = e;
            }
            finally
            {
                attempts.IsRetried = false;
            }
        }
    }

    private static RetryReason Judge(HttpRequestMessage request, Exception failure, CancellationToken cancellationToken)
    {
        RequestAttempts? attempts = RequestAttempts.Find(request);
        return s_rules.Judge(new RequestSnapshot(request), attempts, retries: 0, FailureClassifier.Classify(failure, attempts, cancellationToken), response: null, cancellationToken);
    }

    /// <summary>Turns the request to another upstream; false when there is none that has not refused it yet, and it stays where it is.</summary>
    private bool TryTurn(HttpRequestMessage request, ClusterState? state, HashSet<DestinationState> refused, bool isRefusal)
    {
        if (state is null || request.RequestUri is not Uri address || Current(state.DestinationsState.AllDestinations, address) is not DestinationState current)
        {
            return false;
        }

        _ = refused.Add(current);
        if (isRefusal && state.DestinationsState.AllDestinations.Count > 1)
        {
            health.LeaveOut(state, current);
        }

        DestinationState? next = Next(state.DestinationsState.AvailableDestinations, refused) ?? Next(state.DestinationsState.AllDestinations, refused);
        if (next is null)
        {
            return false;
        }

        request.RequestUri = new Uri(new Uri(next.Model.Config.Address), address.PathAndQuery);
        return true;
    }

    private static DestinationState? Next(IReadOnlyList<DestinationState> among, HashSet<DestinationState> refused) => among.FirstOrDefault(destination => !refused.Contains(destination));

    /// <summary>The upstream that the request is on its way to. Null where one of them has a path of its own: then its address does not tell what is the upstream's and what the request's.</summary>
    private static DestinationState? Current(IReadOnlyList<DestinationState> all, Uri address)
    {
        DestinationState? current = null;
        foreach (DestinationState destination in all)
        {
            var at = new Uri(destination.Model.Config.Address);
            if (at.AbsolutePath != "/")
            {
                return null;
            }

            current = Uri.Compare(at, address, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0 ? destination : current;
        }

        return current;
    }
}
