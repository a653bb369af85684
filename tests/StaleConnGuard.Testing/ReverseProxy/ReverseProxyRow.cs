using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>What came of one kind of request through a proxy with one pool.</summary>
public sealed class ReverseProxyRow(string upstream, ProxyPool pool, RequestKind kind)
{
    public string Upstream => upstream;

    /// <summary>What the proxy forwards with.</summary>
    public ProxyPool Pool => pool;

    public RequestKind Kind => kind;

    /// <summary>What the proxy's clients saw.</summary>
    public IReadOnlyList<BurstOutcome> Outcomes { get; private set; } = [];

    /// <summary>How often a request was lost between proxy and upstream, on a connection that was being closed.</summary>
    public int Raced { get; private set; }

    /// <summary>How many of these connections ended in a bare reset, which proves nothing; known of guarded pools.</summary>
    public int Resets { get; private set; }

    /// <summary>Why the proxy answered 502.</summary>
    public IReadOnlyList<HttpRequestException> Failures { get; set; } = [];

    /// <summary>How many of the requests the upstream executed more than once.</summary>
    public int ExecutedTwice { get; set; }

    public int BadGateways => Outcomes.Count(outcome => outcome.Status == 502);

    /// <summary>Adds what a burst brought.</summary>
    public void Add(IReadOnlyList<BurstOutcome> outcomes, int raced, int resets)
    {
        Outcomes = [.. Outcomes, .. outcomes];
        Raced += raced;
        Resets += resets;
    }
}
