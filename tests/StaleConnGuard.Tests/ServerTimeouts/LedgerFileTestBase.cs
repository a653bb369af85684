using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

/// <summary>A ledger's file in a folder of its own, and what is said of it.</summary>
public abstract class LedgerFileTestBase : IDisposable
{
    private protected static readonly OriginKey Api = new("https", "api.example.com", 443, null);

    protected TestClock Clock { get; } = new();

    protected string Folder { get; } = Directory.CreateTempSubdirectory("ledger").FullName;

    protected IList<string> Problems { get; } = [];

    protected string File => Path.Combine(Folder, "ledger.json");

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Another process with this file.</summary>
    private protected KeepAliveLedger Open()
    {
        var ledger = new KeepAliveLedger(Clock);
        ledger.KeepIn(File, (_, problem) => Problems.Add(problem));
        return ledger;
    }

    private protected static void Teach(KeepAliveLedger ledger, double seconds, OriginKey? key = null) =>
        ledger.GetOrAdd(key ?? Api).StaleHit(TimeSpan.FromSeconds(seconds));
}
