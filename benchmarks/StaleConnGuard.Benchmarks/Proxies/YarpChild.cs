using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>proxies-yarp SETUP UPSTREAM TIMEOUT_MS</c>, or <c>proxies-yarp FILE</c> for <c>staleconn proxy --config FILE</c>: YARP as a process of its own, until its input ends. Says where it listens.</summary>
internal static class YarpChild
{
    public const string Command = "proxies-yarp";

    public static async Task<int> RunAsync(string[] args)
    {
        await using YarpProxy proxy = args is [var file] ? await YarpProxy.StartAsync(file) : await YarpProxy.StartAsync(Enum.Parse<YarpSetup>(args[0]), new Uri(args[1]), TimeSpan.FromMilliseconds(double.Parse(args[2], CultureInfo.InvariantCulture)));
        Console.WriteLine(proxy.Address);
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
