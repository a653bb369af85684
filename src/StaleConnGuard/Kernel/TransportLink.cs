namespace StaleConnGuard.Kernel;

/// <summary>Finds the transport below a stream that hides it (TLS, an application's own filter).</summary>
internal static class TransportLink
{
    [ThreadStatic]
    private static TransportStream? t_announced;

    /// <summary>Called by the transport when something above flushes it.</summary>
    public static void Announce(TransportStream transport) => t_announced = transport;

    /// <summary>
    /// The transport below <paramref name="stream"/>, or null when the stream does not pass a flush down on this thread: then
    /// nothing can be proven for it.
    /// </summary>
    public static TransportStream? Find(Stream stream)
    {
        if (stream is TransportStream transport)
        {
            return transport;
        }

        t_announced = null;
        try
        {
            stream.Flush();
            return t_announced;
        }
        catch (Exception)
        {
            // The stream is the application's; HTTP/1.1 would never have flushed it, so whatever it throws must not fail the connection.
            return null;
        }
        finally
        {
            t_announced = null;
        }
    }
}
