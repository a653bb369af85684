namespace StaleConnGuard.Exchanges;

/// <summary>
/// Thrown by a shared connection's stream when the connection has ended. The runtime hands this very object to every request of the connection, so it says
/// on which one a request died.
/// </summary>
internal sealed class SharedConnectionEndedException(HttpRequestError error, string message, ISharedConnection connection, Exception? inner = null)
    : HttpIOException(error, message, inner)
{
    public ISharedConnection Connection { get; } = connection;

    /// <summary>The first one in the chain; null when there is none.</summary>
    public static SharedConnectionEndedException? FindIn(Exception failure)
    {
        for (Exception? e = failure; e is not null; e = e.InnerException)
        {
            if (e is SharedConnectionEndedException found)
            {
                return found;
            }
        }

        return null;
    }
}
