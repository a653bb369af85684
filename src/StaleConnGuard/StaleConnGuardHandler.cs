namespace StaleConnGuard;

/// <summary>Makes guarded message handlers without dependency injection.</summary>
public static class StaleConnGuardHandler
{
    /// <summary>Makes a handler chain that guards connections and repeats requests as <paramref name="options"/> say.</summary>
    /// <param name="options">The options; defaults when null. Read once; later changes have no effect.</param>
    /// <param name="handler">The handler to guard, not yet used; a new one when null. Owned by the result.</param>
    /// <returns>The outermost handler of the chain, for <see cref="HttpClient"/> or <see cref="HttpMessageInvoker"/>. Thread-safe.</returns>
    /// <exception cref="InvalidOperationException"><paramref name="handler"/> has sent a request already and can no longer be changed.</exception>
    public static HttpMessageHandler Create(StaleConnGuardOptions? options = null, SocketsHttpHandler? handler = null)
    {
        options ??= new StaleConnGuardOptions();
        handler ??= new SocketsHttpHandler();
        var guard = new ConnectionGuard(new GuardSettings(options), KeepAliveLedger.Shared, TimeProvider.System);
        ConnectionGuard? prepared = GuardedConnections.Prepare(handler, guard, options);
        return prepared is null
            ? throw new InvalidOperationException("The handler has sent a request already, so its connections can no longer be guarded; pass one that has not.")
            : new ConnectionGuardHandler(prepared, handler);
    }
}
