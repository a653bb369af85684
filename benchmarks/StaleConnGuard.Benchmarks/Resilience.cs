using System.Globalization;
using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;
using StaleConnGuard.Testing.Resilience;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>resilience [--quick] [--results FOLDER]</c>: beside Microsoft.Extensions.Http.Resilience: attempts of one request, and what the circuit breaker makes of races.</summary>
internal static class Resilience
{
    // A server that closes after so long is one whose timeout the guard learns; below half a second nothing is learned. And 100 attempts come in
    // the 30 s in which the breakers must have seen as many before they open.
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan s_noTimeout = TimeSpan.FromMilliseconds(100);

    public static async Task<int> RunAsync(ResultOptions options)
    {
        int requests = options.IsQuick ? 20 : 150;
        var page = new ResultPage("resilience", "Beside Microsoft.Extensions.Http.Resilience", options);
        page.Add($"Real handlers of the package, all defaults but the waits between attempts (10 ms). Loopback. Every second of {requests} requests is aimed: it comes when the connection has been idle for as long as the server allows, and if it is about to be written on that connection, the server ends it first.");
        page.Add("Each cell: requests that failed / of these, without being sent, because the circuit was open (`BrokenCircuitException`) / races: connections ended under a request. Every cell has raced, and nothing was executed twice; otherwise there is no page.");
        page.Add($"The server closes connections that have been idle for {Number((int)s_serverTimeout.TotalMilliseconds)} ms. The guard learns that.");
        page.AddSection("breaker", await BreakerAsync(requests, s_serverTimeout));
        page.Add($"The server closes them at no age that could be learned ({Number((int)s_noTimeout.TotalMilliseconds)} ms), as one does that restarts again and again. What ends with a FIN is proven undelivered and sent again. A reset proves nothing, so a POST is not: the guard trades the failure for the promise, and the breaker counts it; without the package it counts the repeats that were refused as well.");
        page.AddSection("breaker-nothing-to-learn", await BreakerAsync(requests, s_noTimeout));
        page.Add("How often one request is sent / executed, and what the caller gets.");
        var said = new SortedDictionary<string, int>(StringComparer.Ordinal);
        page.AddSection("attempts", await AttemptsAsync(said));
        page.Add($"What the guard logs meanwhile (Information and above), rows in which it did, of {Number(RowsWithTheGuard)} with the guard: {string.Join(", ", said.Select(pair => $"`{pair.Key}` {Number(pair.Value)}"))}. Never twice in a row.");
        page.Write();
        return 0;
    }

    private static async Task<string> BreakerAsync(int requests, TimeSpan idle)
    {
        // Side by side, because they wait most of the time; each has a server and a client of its own, and aims by the client's own step.
        var rows = new List<(string[] Names, Task<BreakerRun>[] Runs)>();
        foreach (Neighbour neighbour in Enum.GetValues<Neighbour>())
        {
            foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Post })
            {
                foreach (Ending ending in Enum.GetValues<Ending>())
                {
                    rows.Add((
                        [NameOf(neighbour), method.Method, ending is Ending.Close ? "FIN" : "reset"],
                        [.. Enum.GetValues<Beside>().Select(beside => BreakerRun.OfAsync(neighbour, beside, method, ending, requests, idle))]));
                }
            }
        }

        var table = new MarkdownTable(" handler", " request", " connections end with", "on its own", "with the guard", "with guard and package");
        foreach ((string[] names, Task<BreakerRun>[] runs) in rows)
        {
            BreakerRun[] results = await Task.WhenAll(runs);
            Require(Array.TrueForAll(results, static run => run.Raced > 0), $"{string.Join(", ", names)}: a race did not happen.");
            Require(Array.TrueForAll(results, static run => run.ExecutedTwice == 0), $"{string.Join(", ", names)}: executed twice.");
            table.Add([.. names, .. results.Select(static run => $"{Number(run.Failed)} / {Number(run.Broken)} / {Number(run.Raced)}")]);
        }

        return table.ToString();
    }

    private static int RowsWithTheGuard => 2 * 2 * 2 * Enum.GetValues<ServerBehaviour>().Length;

    private static async Task<string> AttemptsAsync(SortedDictionary<string, int> said)
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
                        Require(!AttemptCount.Races(behaviour) || count.Raced > 0, $"{neighbour}, {method}, {behaviour}, {beside}: the race did not happen.");
                        Require(beside is Beside.Nothing || method == HttpMethod.Get || count.Executed <= 1, $"{neighbour}, {method}, {behaviour}, {beside}: executed {count.Executed} times.");
                        Require(count.Said.Distinct(StringComparer.Ordinal).Count() == count.Said.Count, $"{neighbour}, {method}, {behaviour}, {beside}: said twice: {string.Join(", ", count.Said)}.");
                        foreach (string line in count.Said)
                        {
                            said[line] = said.GetValueOrDefault(line) + 1;
                        }

                        cells[(int)beside] = $"{Number(count.Sent)} / {Number(count.Executed)}, {count.Outcome}";
                    }

                    table.Add(NameOf(neighbour), method.Method, NameOf(behaviour), cells[0], cells[1], cells[2]);
                }
            }
        }

        return table.ToString();
    }

    /// <summary>A row that shows nothing, or that breaks the promise, is not written: there is no result then.</summary>
    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string NameOf(Neighbour neighbour) => neighbour is Neighbour.Standard ? "standard" : "hedging";

    private static string NameOf(ServerBehaviour behaviour) => behaviour switch
    {
        ServerBehaviour.Answers503 => "answers 503",
        ServerBehaviour.RefusesConnections => "refuses connections",
        ServerBehaviour.ExecutesAndResets => "executes, then resets",
        ServerBehaviour.ClosesAsTaken => "closes the idle connection as it is taken",
        _ => "resets the idle connection as it is taken",
    };
}
