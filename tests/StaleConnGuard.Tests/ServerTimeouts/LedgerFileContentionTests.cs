using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

/// <summary>Several processes with one file. These wait for each other and for the disk.</summary>
public sealed class LedgerFileContentionTests : LedgerFileTestBase
{
    /// <summary>As at the end of a deployment: each has read the file before the other has written it, unless one waits.</summary>
    [Fact]
    public async Task File_WrittenBySeveralAtOnce_HoldsWhatAllHaveLearned()
    {
        const int Processes = 4;
        for (int round = 0; round < 30; round++)
        {
            KeepAliveLedger[] ledgers = [.. Enumerable.Range(0, Processes).Select(_ => Open())];
            foreach ((int index, KeepAliveLedger ledger) in ledgers.Index())
            {
                Teach(ledger, Api with { Host = $"r{round}p{index}.example.com" });
            }

            using var together = new Barrier(Processes);
            await Task.WhenAll(ledgers.Select(ledger => Task.Factory.StartNew(
                () =>
                {
                    together.SignalAndWait();
                    ledger.CloseFile();
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)));
            LedgerFileFormat.Read(System.IO.File.ReadAllBytes(File)).Entries.Count(entry => entry.Key.Host.StartsWith($"r{round}p", StringComparison.Ordinal)).ShouldBe(Processes);
        }

        Problems.ShouldBeEmpty();
    }

    [Fact]
    public void Lock_HeldByWhoNeverEnds_IsNotWaitedForLonger()
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, Api);
        using var held = new FileStream(File + ".lock", FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        ledger.CloseFile();
        Open().GetOrAdd(Api).RememberedTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
    }

    private static void Teach(KeepAliveLedger ledger, in OriginKey key) => ledger.GetOrAdd(key).StaleHit(TimeSpan.FromSeconds(5));
}
