using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>silent-drop [rounds] [patience]</c>: the table of docs/silent-drops.md. Needs root and iptables; patience in seconds, of the plain client.</summary>
internal static class SilentDrop
{
    public static async Task<int> RunAsync(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0]) : 10;
        int patience = args.Length > 1 ? int.Parse(args[1]) : 15;
        if (!SilentPath.IsAvailable(out string reason))
        {
            Console.Error.WriteLine(reason);
            return 1;
        }

        Console.WriteLine(SilenceTable.Of(await SilenceSuite.RunAsync(rounds, TimeSpan.FromSeconds(patience))));
        return 0;
    }
}
