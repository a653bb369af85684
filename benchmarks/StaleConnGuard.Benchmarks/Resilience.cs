using System.Globalization;
using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;
using StaleConnGuard.Testing.Resilience;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>resilience [--quick] [--results FOLDER]</c>: beside Microsoft.Extensions.Http.Resilience: attempts of one request, and what the circuit breaker makes of races.</summary>
internal static class Resilience
{
    public static async Task<int> RunAsync(ResultOptions options)
    {
        int requests = options.IsQuick ? 20 : 150;
        var page = new ResultPage("resilience", "Beside Microsoft.Extensions.Http.Resilience", options);
        page.Add($"Real handlers of the package, all defaults but the waits between attempts (10 ms). Loopback; every second of {requests} requests is aimed: it comes after 100 ms of idleness, and if it is about to be written on a reused connection, the server ends that connection first.");
        page.AddSection("breaker", await BreakerAsync(requests));
        page.Add("*Raced*: connections ended under a request. *Circuit open*: failed without being sent, by `BrokenCircuitException`. The guard learns the server's timeout from the first races and takes no such connection from then on.");
        page.Add("How often one request is sent / executed, and what the caller gets.");
        page.AddSection("attempts", await AttemptsAsync());
        page.Write();
        return 0;
    }

    private static async Task<string> BreakerAsync(int requests)
    {
        var table = new MarkdownTable(" handler", " request", " idle connections end with", " beside it", "raced", "failed", "circuit open", "executed twice");
        foreach (Neighbour neighbour in Enum.GetValues<Neighbour>())
        {
            foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Post })
            {
                foreach (Ending ending in Enum.GetValues<Ending>())
                {
                    foreach (Beside beside in Enum.GetValues<Beside>())
                    {
                        BreakerRun run = await BreakerRun.OfAsync(neighbour, beside, method, ending, requests);
                        table.Add(NameOf(neighbour), method.Method, ending is Ending.Close ? "FIN" : "reset", NameOf(beside), Number(run.Raced), $"{Number(run.Failed)} of {Number(requests)}", Number(run.Broken), Number(run.ExecutedTwice));
                    }
                }
            }
        }

        return table.ToString();
    }

    private static async Task<string> AttemptsAsync()
    {
        var table = new MarkdownTable(" handler", " request", " the server", " on its own", " with the guard", " with guard and package");
        foreach (Neighbour neighbour in Enum.GetValues<Neighbour>())
        {
            foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Post })
            {
                foreach (ServerBehaviour behaviour in Enum.GetValues<ServerBehaviour>())
                {
                    string[] cells = new string[3];
                    foreach (Beside beside in Enum.GetValues<Beside>())
                    {
                        AttemptCount count = await AttemptCount.OfAsync(neighbour, beside, method, behaviour);
                        cells[(int)beside] = $"{Number(count.Sent)} / {Number(count.Executed)}, {count.Outcome}";
                    }

                    table.Add(NameOf(neighbour), method.Method, NameOf(behaviour), cells[0], cells[1], cells[2]);
                }
            }
        }

        return table.ToString();
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string NameOf(Neighbour neighbour) => neighbour is Neighbour.Standard ? "standard" : "hedging";

    private static string NameOf(Beside beside) => beside switch
    {
        Beside.Nothing => "nothing",
        Beside.Guard => "guard",
        _ => "guard and package",
    };

    private static string NameOf(ServerBehaviour behaviour) => behaviour switch
    {
        ServerBehaviour.Answers503 => "answers 503",
        ServerBehaviour.RefusesConnections => "refuses connections",
        ServerBehaviour.ExecutesAndResets => "executes, then resets",
        ServerBehaviour.ClosesAsTaken => "closes the idle connection as it is taken",
        _ => "resets the idle connection as it is taken",
    };
}
