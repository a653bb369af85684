namespace StaleConnGuard.Testing;

/// <summary>The servers whose closes were measured, as models, and what happens to them in production.</summary>
public static class ServerModels
{
    private const double Hour = 3600;

    public static IReadOnlyList<ServerModel> All { get; } =
    [
        Exact("nginx, HAProxy, h2o, Go, Caddy, Varnish, uvicorn, Apache, Jetty at 2 s", 2),
        Exact("the same at 5 s", 5),
        Exact("the same at 60 s (AWS ALB)", 60),
        Between("Puma at 2 s: 2.20 to 2.21 s", 2.2, 2.21),
        Between("gunicorn at 2 s: 2.0 to 2.75 s", 2.005, 2.746),
        Between("lighttpd at 2 s: 2.5 to 3.6 s", 2.486, 3.607),
        Between("uWSGI at 2 s: 1.0 to 2.9 s", 1.0, 2.9),
        Heartbeat("Kestrel at 2 s: 3.0 to 4.0 s, on a heartbeat of 1 s", 3),
        Exact("Node at 2 s: says 2, closes at 3.0 s", 3) with { Advertises = 2 },
        Exact("5 s, three storms of ten restarts", 5) with { Restarts = Storms() },
        Exact("60 s, three storms of ten restarts", 60) with { Restarts = Storms() },
        Changing("60 s, from hour 8 on 5 s, from hour 16 on 60 s", 60, 5, 60),
        Changing("5 s, from hour 8 on 60 s, from hour 16 on 5 s", 5, 60, 5),
        Changing("10 s, from hour 8 on 7 s, from hour 16 on 12 s", 10, 7, 12),
        Backends("balancer with 5 s, 10 s and 60 s behind it", 5, 10, 60),
        Backends("balancer with 5 s and 5.5 s behind it", 5, 5.5),
        Backends("balancer with nine of 5 s and one of 4.6 s behind it", 5, 5, 5, 5, 5, 5, 5, 5, 5, 4.6),
        Exact("5 s, 200 ms of round trip", 5) with { Delay = 0.1 },
        Exact("5 s, 200 to 300 ms of round trip", 5) with { Delay = 0.1, Jitter = 0.05 },
        Exact("5 s, 20 to 50 ms of round trip", 5) with { Jitter = 0.015 },
        Exact("5 s, one answer in twenty half a second on its way", 5) with { LargeAnswers = 20 },
        Exact("5 s, drops what is idle for 2 s every 17 minutes", 5) with { Restarts = [.. Enumerable.Range(1, 84).Select(n => n * 1020.3)], Spares = 2 },
        Exact("balancer that forgets silently after 30 s", 30) with { Silent = true },
        new ServerModel { Name = "never closes", CloseAt = static (_, _, _) => double.PositiveInfinity, Shortest = static _ => double.PositiveInfinity },
    ];

    // The 3 ms is what was measured.
    private static ServerModel Exact(string name, double timeout) => Between(name, timeout, timeout + 0.003);

    private static ServerModel Between(string name, double from, double to) => new()
    {
        Name = name,
        CloseAt = (idleSince, _, random) => idleSince + from + (random.NextDouble() * (to - from)),
        Shortest = _ => from,
    };

    private static ServerModel Heartbeat(string name, double from) => new()
    {
        Name = name,
        CloseAt = (idleSince, _, _) => Math.Ceiling(idleSince + from),
        Shortest = _ => from,
    };

    private static ServerModel Backends(string name, params double[] timeouts) => new()
    {
        Name = name,
        Backends = timeouts.Length,
        CloseAt = (idleSince, backend, random) => idleSince + timeouts[backend] + (random.NextDouble() * 0.003),
        Shortest = _ => timeouts.Min(),
    };

    private static ServerModel Changing(string name, params double[] timeouts)
    {
        double At(double time) => timeouts[Math.Min((int)(time / (8 * Hour)), timeouts.Length - 1)];
        return new ServerModel
        {
            Name = name,
            CloseAt = (idleSince, _, random) => idleSince + At(idleSince) + (random.NextDouble() * 0.003),
            Shortest = At,
            Changes = [8 * Hour, 16 * Hour],
        };
    }

    private static double[] Storms() =>
        [.. from hour in new[] { 6, 12, 18 } from restart in Enumerable.Range(0, 10) select (hour * Hour) + (restart * 30)];
}
