using System.Runtime.CompilerServices;

namespace StaleConnGuard.Protocols.Tunnels;

/// <summary>
/// The transports that CONNECT requests went out on in one flow of execution. The runtime makes a tunnel in the flow in which it then makes the
/// connection through it, and hides the one from the other; what was written in that flow ties them together again.
/// </summary>
/// <remarks>
/// Several tunnels may be under way in a flow (the runtime dials on after a request has been served elsewhere). Each of them writes its CONNECT
/// before its connection is there, so one candidate is the right one; of several nobody can tell, and nothing is proven then.
/// Thread-safe.
/// </remarks>
internal sealed class TunnelTransports
{
    // Beside the exchange and not in it: few make a tunnel, and each of them would pay for the field.
    private static readonly ConditionalWeakTable<Exchange, TunnelTransports> s_made = [];

    private readonly Lock _lock = new();
    private readonly List<TunnelUnderWay> _candidates = [];

    /// <summary>Those that are made in the flow of this exchange.</summary>
    public static TunnelTransports Of(Exchange maker) => s_made.GetValue(maker, static _ => new TunnelTransports());

    /// <summary>Null when no tunnel was made in the flow of this exchange.</summary>
    public static TunnelTransports? Find(Exchange maker) => s_made.TryGetValue(maker, out TunnelTransports? made) ? made : null;

    /// <summary>Scheme, host and port of the proxy to which the last tunnel of this flow leads, as the runtime chose it.</summary>
    public string? Proxy { get; set; }

    public void Add(TunnelUnderWay tunnel)
    {
        lock (_lock)
        {
            if (!_candidates.Contains(tunnel))
            {
                _candidates.Add(tunnel);
            }
        }
    }

    /// <summary>The transport of the connection that has just been made in this flow, or null when it is not certain which one that is.</summary>
    public TransportStream? TakeOnly()
    {
        lock (_lock)
        {
            // A refused tunnel (407, and the proxy closes) leaves a dead one behind.
            _candidates.RemoveAll(static t => !t.IsUnderWay);
            if (_candidates is not [TunnelUnderWay only])
            {
                return null;
            }

            _candidates.Clear();
            return only.Tie();
        }
    }
}
