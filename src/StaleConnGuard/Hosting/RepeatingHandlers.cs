namespace StaleConnGuard.Hosting;

/// <summary>
/// Finds handlers of others that send a request more than once. By name, because this library needs neither package. Whether such a handler's
/// pipeline has a retry in it cannot be seen from outside; that it is there is the application's word that repeats are its business.
/// </summary>
internal static class RepeatingHandlers
{
    /// <summary>What a retry of either package does unless told otherwise: once, and three times again.</summary>
    public const int DefaultAttempts = 4;

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
