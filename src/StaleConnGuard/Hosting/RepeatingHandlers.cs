using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Finds handlers of others that send a request more than once. By name, because this library needs neither package. Whether such a handler's
/// pipeline has a retry in it cannot be seen from outside; that it is there is the application's word that repeats are its business.
/// </summary>
internal static class RepeatingHandlers
{
    /// <summary>What a retry of either package does unless told otherwise: once, and three times again.</summary>
    private const int DefaultAttempts = 4;

    private const string ResilienceHandler = "Microsoft.Extensions.Http.Resilience.ResilienceHandler";
    private const string PolicyHandler = "Microsoft.Extensions.Http.PolicyHttpMessageHandler";

    /// <summary>The outermost one; null when there is none.</summary>
    public static HttpMessageHandler? Find(IEnumerable<DelegatingHandler> additional, HttpMessageHandler primary)
    {
        foreach (DelegatingHandler handler in additional)
        {
            if (Repeats(handler))
            {
                return handler;
            }
        }

        for (HttpMessageHandler? handler = primary; handler is not null; handler = (handler as DelegatingHandler)?.InnerHandler)
        {
            if (Repeats(handler))
            {
                return handler;
            }
        }

        return null;
    }

    /// <summary>Says what becomes of the guard's own retries beside such a handler; to be called once a client.</summary>
    public static void Tell(ILogger logger, string client, HttpMessageHandler repeater, RetryOptions retry)
    {
        string handler = repeater.GetType().Name;
        if (!retry.IsEnabledSet)
        {
            if (retry.ConfigurePipeline is not null)
            {
                GuardLog.PipelineStandsDown(logger, client, handler);
                return;
            }

            GuardLog.RetriesStandDown(logger, client, handler);
        }
        else if (retry.Enabled && retry.MaxRetries > 0)
        {
            int attempts = retry.MaxRetries + 1;
            GuardLog.TwoRetryLayers(logger, client, handler, attempts, attempts * DefaultAttempts);
        }
    }

    private static bool Repeats(HttpMessageHandler handler)
    {
        for (Type? type = handler.GetType(); type is not null; type = type.BaseType)
        {
            if (type.FullName is ResilienceHandler or PolicyHandler)
            {
                return true;
            }
        }

        return false;
    }
}
