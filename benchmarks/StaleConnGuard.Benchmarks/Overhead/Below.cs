using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>What is below the chains that are measured.</summary>
public enum Below
{
    /// <summary>A handler whose task is completed when it returns it: a test double, nothing else.</summary>
    AnswersAtOnce,

    /// <summary>A handler that answers from another turn of the thread pool, as every network does.</summary>
    Yields,

    /// <summary>The runtime's handler on a connection that answers from memory: the guard's stream is at work, the network is not.</summary>
    Connection,
}

internal static class BelowExtensions
{
    public static HttpMessageHandler Make(this Below below) =>
        below is Below.Connection ? InMemoryConnectionStream.MakeHandler() : new InMemoryHandler(yields: below is Below.Yields);

    public static string Describe(this Below below) => below switch
    {
        Below.AnswersAtOnce => "the handler below answers at once",
        Below.Yields => "the handler below yields, as every network does",
        Below.Connection => "over the runtime's handler on a connection that answers from memory",
        _ => throw new ArgumentOutOfRangeException(nameof(below)),
    };
}
