namespace StaleConnGuard.Racing;

/// <summary>A way to send requests that takes part in a race.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="MakeHandler">Builds its handler chain on a new handler, once for each worker. The chain owns the handler.</param>
public sealed record Contender(string Name, Func<SocketsHttpHandler, HttpMessageHandler> MakeHandler);
