namespace StaleConnGuard.Pipeline;

/// <summary>The options that the retries of one client go by. Not changed once they are in force, but replaced as a whole; recognised by being the same object.</summary>
/// <param name="Retry">When a request is sent again later.</param>
/// <param name="Replay">What the retries keep to of the replays' options.</param>
/// <param name="IsEnabled">False once the client was switched off while its handler lives.</param>
internal sealed record RetryOptionsInForce(RetryOptions Retry, ReplayOptions Replay, bool IsEnabled = true);

/// <summary>The options in force for one client. Replaced as a whole on reload; a request keeps those it began with. Thread-safe.</summary>
internal sealed class RetryOptionsHolder(RetryOptionsInForce options)
{
    private volatile RetryOptionsInForce _current = options;

    public RetryOptionsInForce Current
    {
        get => _current;
        set => _current = value;
    }
}
