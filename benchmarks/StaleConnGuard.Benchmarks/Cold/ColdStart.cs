using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>cold-once plain|guarded N</c>, in a process of its own, where nothing has been compiled yet: registers N named clients, builds the provider,
/// creates every client, sends a first request over a connection in memory. Says how many microseconds each of the three took.
/// </summary>
internal static class ColdStart
{
    public const string Command = "cold-once";

    public static async Task<int> RunAsync(string[] args)
    {
        (bool guarded, int clients) = (args[0] == "guarded", int.Parse(args[1], CultureInfo.InvariantCulture));
        long start = Stopwatch.GetTimestamp();
        var services = new ServiceCollection();
        for (int i = 0; i < clients; i++)
        {
            services.AddHttpClient(Name(i)).UseSocketsHttpHandler(static (handler, _) => handler.ConnectCallback = static (_, _) => ValueTask.FromResult<Stream>(new InMemoryConnectionStream()));
        }

        if (guarded)
        {
            services.AddStaleConnGuard();
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        IHttpClientFactory factory = provider.GetRequiredService<IHttpClientFactory>();
        long built = Stopwatch.GetTimestamp();
        HttpClient first = factory.CreateClient(Name(0));
        for (int i = 1; i < clients; i++)
        {
            _ = factory.CreateClient(Name(i));
        }

        long created = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await first.GetAsync(new Uri("http://localhost/"));
        response.EnsureSuccessStatusCode();
        long answered = Stopwatch.GetTimestamp();
        Console.WriteLine(string.Join(' ', new[] { (start, built), (built, created), (created, answered) }
            .Select(part => Stopwatch.GetElapsedTime(part.Item1, part.Item2).TotalMicroseconds.ToString("0", CultureInfo.InvariantCulture))));
        return 0;
    }

    private static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"client-{i}");
}
