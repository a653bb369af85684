using System.Diagnostics;
using System.Globalization;
using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>duress [--quick] [--results FOLDER]</c>, or <c>duress only CONDITION</c> to see one without writing results: a plain client and a guarded one, each a process of its own with a server that ends connections at random, side by side under
/// one condition after the other. Fails when the guarded one is worse in anything.
/// </summary>
internal static class Duress
{
    public static async Task<int> RunAsync(ResultOptions options)
    {
        int seconds = options.IsQuick ? 3 : 12;
        var table = new MarkdownTable(" condition", " client", "requests", "failed", "wrong answers", "executed twice", "median, ms", "longest, ms");
        bool neverWorse = true;
        foreach (DuressCondition condition in DuressCondition.All)
        {
            neverWorse &= await RunAsync(condition, seconds, table);
        }

        (string origins, bool isCapped) = await DuressOrigins.RunAsync(options.IsQuick ? 500 : 10_000);
        Console.WriteLine(origins);
        var page = new ResultPage("duress", "Under duress", options);
        page.Add(
            """
            A plain client and one with the guard's defaults, each a process of its own, at the same time under the same condition. The server closes connections that are idle for 20 to 120 ms, executes a
            request and dies once in 30, and both clients pause for up to 140 ms between requests: half of them POSTs, half of them synchronous, every body compared. *executed twice* counts POSTs. Times
            include the guard's retries and their backoff, which is why its longest may be longer where the plain client fails at once. The command fails when the guarded client is worse in anything: more wrong answers,
            a POST executed twice, a larger share that failed beyond twice the standard error.
            """);
        page.AddSection("duress", table.ToString());
        page.Add("## 10,000 origins\n\nA hostile server redirects to one address after the other, fifty in a row; the heap of the client is limited to 128 MB. What is held after full collections:");
        page.AddSection("duress-origins", origins);
        page.Write();
        return neverWorse && isCapped ? 0 : 1;
    }

    /// <summary>The conditions whose name begins like this, and no page.</summary>
    public static async Task<int> RunOnlyAsync(string condition)
    {
        var table = new MarkdownTable(" condition", " client", "requests", "failed", "wrong answers", "executed twice", "median, ms", "longest, ms");
        bool neverWorse = true;
        foreach (DuressCondition one in DuressCondition.All.Where(one => one.Name.StartsWith(condition, StringComparison.Ordinal)))
        {
            neverWorse &= await RunAsync(one, seconds: 12, table);
        }

        Console.WriteLine(table);
        return neverWorse ? 0 : 1;
    }

    private static async Task<bool> RunAsync(DuressCondition condition, int seconds, MarkdownTable table)
    {
        DuressResult[] results = await Task.WhenAll(RunAsync(condition, guarded: false, seconds), RunAsync(condition, guarded: true, seconds));
        Add(table, condition.Name, "plain", results[0]);
        Add(table, string.Empty, "guarded", results[1]);
        bool isWorse = IsWorse(results[0], results[1]);
        Console.WriteLine($"{condition.Name}: plain {results[0]}, guarded {results[1]}{(isWorse ? "  WORSE" : "")}");
        return !isWorse;
    }

    /// <summary>In anything, beyond what chance makes of two clients whose servers draw lots.</summary>
    private static bool IsWorse(DuressResult plain, DuressResult guarded)
    {
        double share = (double)(plain.Failed + guarded.Failed) / Math.Max(1, plain.Sent + guarded.Sent);
        double chance = 2 * Math.Sqrt(share * (1 - share) * ((1.0 / Math.Max(1, plain.Sent)) + (1.0 / Math.Max(1, guarded.Sent))));
        return guarded.Wrong > plain.Wrong || guarded.Twice > 0 || guarded.FailedShare > plain.FailedShare + chance || guarded.Sent == 0;
    }

    private static void Add(MarkdownTable table, string condition, string client, DuressResult result) => table.Add(
        condition, client, Text(result.Sent), Text(result.Failed), Text(result.Wrong), Text(result.Twice), result.Median.ToString("0.0", CultureInfo.InvariantCulture), result.Longest.ToString("#,0", CultureInfo.InvariantCulture));

    private static string Text(int count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static async Task<DuressResult> RunAsync(DuressCondition condition, bool guarded, int seconds)
    {
        await using ScriptedServer server = HostileServer.Start(seed: 3);
        string address = condition.HasOwnServer ? "own" : (condition.Address ?? server.Uri).ToString();
        using Process client = Child.Start(
            condition.Wrapper,
            condition.Variable,
            [DuressClient.Command, guarded ? "guarded" : "plain", address, seconds.ToString(CultureInfo.InvariantCulture), condition.Workers.ToString(CultureInfo.InvariantCulture), condition.Largest.ToString(CultureInfo.InvariantCulture), .. condition.IsStarved ? ["starved"] : Array.Empty<string>()]);
        _ = await client.StandardOutput.ReadLineAsync();
        if (condition.Stopped > TimeSpan.Zero)
        {
            await StopAgainAndAgainAsync(client, condition);
        }

        string said = await client.StandardOutput.ReadToEndAsync();
        await client.WaitForExitAsync();
        if (client.ExitCode != 0 || said.Trim() is not { Length: > 0 } text)
        {
            throw new InvalidOperationException($"{condition.Name}, {(guarded ? "guarded" : "plain")}: ended with {client.ExitCode}: {said}");
        }

        var result = DuressResult.Parse(text.Split('\n')[^1].Split(' '));
        return condition.HasOwnServer ? result : result with { Twice = DuressClient.Twice(server) };
    }

    private static async Task StopAgainAndAgainAsync(Process client, DuressCondition condition)
    {
        while (!client.HasExited)
        {
            await SignalAsync(client, "STOP");
            await Task.Delay(condition.Stopped);
            await SignalAsync(client, "CONT");
            await Task.Delay(condition.Running);
        }
    }

    private static async Task SignalAsync(Process client, string signal)
    {
        using Process kill = Process.Start(new ProcessStartInfo("kill", [$"-{signal}", client.Id.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardError = true, UseShellExecute = false })!;
        await kill.WaitForExitAsync();
    }
}
