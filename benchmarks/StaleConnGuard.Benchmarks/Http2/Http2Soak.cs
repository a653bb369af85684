using System.Globalization;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>http2-soak [requests]</c>: HTTP/2 requests, 64 at a time, against a server that executes and dies at random. Fails when a non-idempotent one was executed twice.</summary>
internal static class Http2Soak
{
    public static async Task<int> RunAsync(string[] args)
    {
        int requests = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200_000;
        var guarded = new Http2Attack(static sockets => StaleConnGuardHandler.Create(handler: sockets));
        var blind = new Http2Attack(Contenders.RetryOnAnyFailure.MakeHandler);
        var halfClosed = new Http2Attack(static sockets => StaleConnGuardHandler.Create(handler: sockets));
        await guarded.RunAsync(requests);
        await blind.RunAsync(requests / 20);
        await halfClosed.RunAsync(requests / 20, executesAfterFin: true);
        Console.WriteLine("| client, server | requests | non-idempotent | connections | failed | executed twice | answers crossed |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        Print("guarded; executes and dies at random", guarded);
        Print("blind retry; the same", blind);
        Print("guarded; goes on executing after its FIN", halfClosed);
        return guarded.ExecutedTwice == 0 && guarded.Crossed == 0 && guarded.Strange.IsEmpty && blind.ExecutedTwice > 0 ? 0 : 1;
    }

    private static void Print(string name, Http2Attack attack)
    {
        Console.WriteLine($"| {name} | {attack.Sent:N0} | {attack.NonIdempotent:N0} | {attack.Connections:N0} | {attack.Failed:N0} | {attack.ExecutedTwice:N0} | {attack.Crossed:N0} |");
        foreach (var strange in attack.Strange.CountBy(static e => $"{e.GetType().Name}: {e.Message}"))
        {
            Console.Error.WriteLine($"{name}: {strange.Value} × {strange.Key}");
        }
    }
}
