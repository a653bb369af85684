using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// What cannot be had as a program to install, played by a scripted server: it ends idle connections as its vendor's documentation says the real one does,
/// at an idle timeout that is shortened. It shows what the guard does about such an end, not what the real one does besides.
/// </summary>
internal sealed class ModelledBalancer : RealServer
{
    private static readonly Dictionary<string, (KnownServerTimeout Preset, IdleEnd End)> s_models = new(StringComparer.Ordinal)
    {
        ["AWS ALB"] = (KnownServerTimeouts.AwsAlb, IdleEnd.Close),
        ["AWS NLB"] = (KnownServerTimeouts.AwsNlb, IdleEnd.Forget),
        ["IIS"] = (KnownServerTimeouts.Iis, IdleEnd.Reset),
        ["Traefik"] = (KnownServerTimeouts.Traefik, IdleEnd.Close),
    };

    private readonly RaceServer _server;

    private ModelledBalancer(string name, RaceServer server)
        : base(name, server.Address) => _server = server;

    public static IReadOnlyList<string> Names { get; } = [.. s_models.Keys];

    public override bool ClosesVisibly => s_models[Name].End is not IdleEnd.Forget;

    /// <summary>What the table says instead of a version.</summary>
    public static string Describe(string name)
    {
        (KnownServerTimeout preset, IdleEnd end) = s_models[name];
        string ending = end switch
        {
            IdleEnd.Close => "FIN",
            IdleEnd.Reset => "reset",
            _ => "forgets, reset on the next packet",
        };
        return $"modelled: {preset.Timeout.TotalSeconds} s, {ending}";
    }

    public static ModelledBalancer Start(string name, TimeSpan idleTimeout, DelayedLink? link)
    {
        var options = new RaceServerOptions { IdleTimeout = idleTimeout, IdleEnd = s_models[name].End };
        return new ModelledBalancer(name, link is null ? RaceServer.Start(options) : RaceServer.Start(link, options));
    }

    public override Task<ExecutionLog> ReadExecutionsAsync() => Task.FromResult(_server.Executions);

    public override ValueTask DisposeAsync() => _server.DisposeAsync();

    protected override string? WhyEnded() => null;
}
