namespace StaleConnGuard.Testing;

/// <summary>How requests follow each other.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Gap">The time from one request to the next, in seconds.</param>
/// <param name="OneAtATime">The gap counts from the response: one worker, whose idle ages are the gaps.</param>
public sealed record Traffic(string Name, Func<Random, double> Gap, bool OneAtATime = false)
{
    public static Traffic Poisson(string name, double perSecond) =>
        new(name, random => -Math.Log(1 - random.NextDouble()) / perSecond);

    /// <summary>The worst there is: pauses spread evenly around the timeouts.</summary>
    public static Traffic Spread(string name, double from, double to) =>
        new(name, random => from + (random.NextDouble() * (to - from)), OneAtATime: true);

    public static IReadOnlyList<Traffic> All { get; } =
    [
        Poisson("1 a minute", 1 / 60.0),
        Poisson("1 in 10 s", 0.1),
        Poisson("1 a second", 1),
        Poisson("10 a second", 10),
        Poisson("100 a second", 100),
        Spread("one by one, pauses of 0 to 4 s", 0, 4),
        Spread("one by one, pauses of 0 to 12 s", 0, 12),
        Spread("one by one, pauses of 0 to 120 s", 0, 120),
    ];
}
