using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

public sealed class LedgerFileTests : LedgerFileTestBase
{
    private static readonly KeepAliveSettings s_remembers = KeepAliveSettings.From(new KeepAliveOptions { LedgerFile = "/a/file" });

    [Fact]
    public void Learned_InOneProcess_IsRememberedByTheNext()
    {
        Learn(5);

        OriginKnowledge next = Open().GetOrAdd(Api);

        next.RememberedTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
        next.LearnedTicks.ShouldBe(long.MaxValue, "it is hearsay");
        next.ServerTimeoutTicks.ShouldBe(long.MaxValue);
        Limit(next, safe: true).ShouldBe(new KeepAliveLimit(TimeSpan.FromSeconds(4).Ticks, KeepAliveLimitSource.Remembered));
        next.Describe().Remembered.ShouldBe(TimeSpan.FromSeconds(5));
        Problems.ShouldBeEmpty();
    }

    [Fact]
    public void File_IsForItsOwnerAlone_AndWhole()
    {
        Learn(5);

        string[] files = [.. Directory.EnumerateFiles(Folder).Order(StringComparer.Ordinal)];
        files.ShouldBe([File, File + ".lock"], "nothing else is left beside it");
        new FileInfo(File + ".lock").Length.ShouldBe(0);
        if (!OperatingSystem.IsWindows())
        {
            foreach (string file in files)
            {
                System.IO.File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
            }
        }
    }

    /// <summary>A timeout that is known lets a POST take connections for longer than 2 s. One that is remembered must not.</summary>
    [Theory]
    [InlineData(60, 2, KeepAliveLimitSource.NonIdempotentMaxIdle)]
    [InlineData(2, 1, KeepAliveLimitSource.Remembered)]
    public void Remembered_OfARequestThatIsNotSafeToRepeat_NeverRaisesTheLimit(double remembered, double limit, KeepAliveLimitSource source)
    {
        Write(remembered);
        Limit(Open().GetOrAdd(Api), safe: false).ShouldBe(new KeepAliveLimit(TimeSpan.FromSeconds(limit).Ticks, source));
    }

    /// <summary>For whatever is known here, and whatever the file says: never above what it would be without the file.</summary>
    [Fact]
    public void Remembered_Whatever_NeverRaisesAnyLimit()
    {
        var random = new Random(36);
        for (int i = 0; i < 2_000; i++)
        {
            var options = new KeepAliveOptions
            {
                ServerTimeout = random.Next(3) == 0 ? TimeSpan.FromSeconds(1 + random.Next(100)) : null,
                Margin = TimeSpan.FromMilliseconds(random.Next(3_000)),
                NonIdempotentMaxIdle = random.Next(4) == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(random.Next(10)),
                LedgerFile = "/a/file",
            };
            var with = new OriginUnderTest();
            var without = new OriginUnderTest();
            with.Knowledge.Remember(new RememberedTimeout(Api, TimeSpan.FromMilliseconds(500 + random.Next(100_000)).Ticks, with.Clock.GetUtcNow()));
            for (int step = random.Next(6); step > 0; step--)
            {
                double age = random.NextDouble() * 90;
                int what = random.Next(4);
                foreach (OriginUnderTest origin in new[] { with, without })
                {
                    origin.Wait(1);
                    _ = what switch
                    {
                        0 => origin.Closed(age),
                        1 => origin.Stale(age),
                        2 => origin.Open(age, answered: true),
                        _ => origin.Knowledge.Advertised(TimeSpan.FromSeconds((int)age)),
                    };
                }
            }

            KeepAliveSettings settings = KeepAliveSettings.From(options);
            foreach (bool safe in new[] { true, false })
            {
                KeepAliveLimit.WithFullMargin(with.Knowledge, settings, safe).MaxIdleTicks.ShouldBeLessThanOrEqualTo(KeepAliveLimit.WithFullMargin(without.Knowledge, settings, safe).MaxIdleTicks);
                KeepAliveLimit.WithMeasuredMargin(with.Knowledge, settings, safe).MaxIdleTicks.ShouldBeLessThanOrEqualTo(KeepAliveLimit.WithMeasuredMargin(without.Knowledge, settings, safe).MaxIdleTicks);
            }

            with.Knowledge.LearnedTicks.ShouldBe(without.Knowledge.LearnedTicks);
            with.Knowledge.OpenUntilTicks.ShouldBe(without.Knowledge.OpenUntilTicks);
            with.Knowledge.MeasuredMarginTicks.ShouldBe(without.Knowledge.MeasuredMarginTicks);
        }
    }

    [Fact]
    public void Remembered_ByAClientWithoutAFile_IsNotApplied()
    {
        Write(5);
        OriginKnowledge origin = Open().GetOrAdd(Api);
        KeepAliveLimit.WithFullMargin(origin, KeepAliveSettings.Default, safeToRepeat: true).Source.ShouldBe(KeepAliveLimitSource.NothingKnown);
        KeepAliveLimit.WithFullMargin(origin, KeepAliveSettings.From(new KeepAliveOptions { LedgerFile = "/a/file", Learn = false }), safeToRepeat: true).Source.ShouldBe(KeepAliveLimitSource.NothingKnown);
    }

    [Fact]
    public void Remembered_TwoConnectionsOutliveIt_IsGivenUpAndTakenOutOfTheFile()
    {
        Write(5);
        KeepAliveLedger ledger = Open();
        OriginKnowledge origin = ledger.GetOrAdd(Api);
        origin.SeenOpen(TimeSpan.FromSeconds(8), answered: true);
        origin.RememberedTicks.ShouldNotBe(long.MaxValue, "one may be of another server");
        origin.SeenOpen(TimeSpan.FromSeconds(9), answered: true);
        origin.RememberedTicks.ShouldBe(long.MaxValue);

        ledger.CloseFile();
        Open().GetOrAdd(Api).RememberedTicks.ShouldBe(long.MaxValue);
    }

    [Fact]
    public void Remembered_ThisProcessLearns_ItsOwnCounts()
    {
        Write(5);
        OriginKnowledge origin = Open().GetOrAdd(Api);
        origin.IdleClosed(TimeSpan.FromSeconds(10), exact: true);
        Clock.Advance(TimeSpan.FromSeconds(11));
        origin.RememberedTicks.ShouldNotBe(long.MaxValue);
        origin.IdleClosed(TimeSpan.FromSeconds(10), exact: true);
        origin.LearnedTicks.ShouldBe(TimeSpan.FromSeconds(10).Ticks);
        origin.RememberedTicks.ShouldBe(long.MaxValue);
    }

    /// <summary>One close and what the file says are not two closes.</summary>
    [Fact]
    public void Remembered_AgreesWithACloseOfThisProcess_TeachesNothing()
    {
        Write(5);
        OriginKnowledge origin = Open().GetOrAdd(Api);
        origin.IdleClosed(TimeSpan.FromSeconds(5), exact: true);
        origin.LearnedTicks.ShouldBe(long.MaxValue);
    }

    [Fact]
    public void Remembered_ADayLater_IsForgotten()
    {
        Write(5);
        KeepAliveLedger ledger = Open();
        OriginKnowledge origin = ledger.GetOrAdd(Api);
        Clock.Advance(TimeSpan.FromHours(25));
        origin.RememberedTicks.ShouldBe(long.MaxValue, "the timer has looked");
        ledger.CloseFile();

        Open().GetOrAdd(Api).RememberedTicks.ShouldBe(long.MaxValue);
    }

    [Fact]
    public void Remembered_FromTheFuture_IsNotUsed()
    {
        Write(5, age: TimeSpan.FromHours(-1));
        Open().GetOrAdd(Api).RememberedTicks.ShouldBe(long.MaxValue);
    }

    [Fact]
    public void Learned_AfterAWhile_IsWrittenByItself()
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        System.IO.File.Exists(File).ShouldBeFalse();
        Clock.Advance(LedgerFile.Period);
        System.IO.File.Exists(File).ShouldBeTrue();

        DateTime written = System.IO.File.GetLastWriteTimeUtc(File);
        System.IO.File.SetLastWriteTimeUtc(File, written.AddHours(-1));
        Clock.Advance(LedgerFile.Period * 3);
        System.IO.File.GetLastWriteTimeUtc(File).ShouldBe(written.AddHours(-1), "nothing new, nothing written");
    }

    [Fact]
    public void File_SharedByProcesses_HoldsWhatBothHaveLearned()
    {
        KeepAliveLedger one = Open();
        KeepAliveLedger other = Open();
        Teach(one, 5);
        Clock.Advance(TimeSpan.FromSeconds(1));
        Teach(other, 7, Api with { Host = "other.example.com" });
        Teach(other, 6);
        one.CloseFile();
        Clock.Advance(TimeSpan.FromSeconds(1));
        other.CloseFile();

        KeepAliveLedger next = Open();
        next.GetOrAdd(Api).RememberedTicks.ShouldBe(TimeSpan.FromSeconds(6).Ticks, "the later confirmation");
        next.GetOrAdd(Api with { Host = "other.example.com" }).RememberedTicks.ShouldBe(TimeSpan.FromSeconds(7).Ticks);
    }

    [Fact]
    public void Origins_BehindAProxy_AreTheirOwn()
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5, Api with { Proxy = "http://proxy:3128" });
        ledger.CloseFile();

        KeepAliveLedger next = Open();
        next.GetOrAdd(Api).RememberedTicks.ShouldBe(long.MaxValue);
        next.GetOrAdd(Api with { Proxy = "http://proxy:3128" }).RememberedTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"version":1,"origins":"x"}""")]
    [InlineData("""{"version":1,"origins":[{"origin":"https://api.example.com:443","serverTimeout":"5","confirmed":"2026-01-01T00:00:00Z"}]}""")]
    public void File_ThatIsBroken_IsOneWarningAndIsReplaced(string content)
    {
        System.IO.File.WriteAllText(File, content);
        KeepAliveLedger ledger = Open();
        ledger.GetOrAdd(Api).RememberedTicks.ShouldBe(long.MaxValue);
        Problems.ShouldHaveSingleItem().ShouldContain("cannot be read");

        Teach(ledger, 5);
        ledger.CloseFile();
        Problems.Count.ShouldBe(1);
        Open().GetOrAdd(Api).RememberedTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("0")]
    [InlineData("0.4")]
    [InlineData("100000")]
    [InlineData("1e300")]
    public void Entries_ThatMakeNoSense_AreLeftOut(string timeout)
    {
        string now = Clock.GetUtcNow().ToString("O");
        System.IO.File.WriteAllText(
            File,
            $$"""
            {"version":1,"origins":[null,{"origin":"nonsense","serverTimeout":5,"confirmed":"{{now}}"},{"origin":"https://user:secret@api.example.com","serverTimeout":5,"confirmed":"{{now}}"},
            {"origin":"https://api.example.com","serverTimeout":{{timeout}},"confirmed":"{{now}}"},{"origin":"https://b.example.com","serverTimeout":5,"confirmed":"{{now}}"}]}
            """);
        KeepAliveLedger ledger = Open();
        ledger.GetOrAdd(Api).RememberedTicks.ShouldBe(long.MaxValue);
        ledger.GetOrAdd(Api with { Host = "b.example.com" }).RememberedTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
        Problems.ShouldBeEmpty();
    }

    [Fact]
    public void File_OfANewerVersion_IsNeitherUsedNorChanged()
    {
        string content = $$"""{"version":2,"origins":[{"origin":"https://api.example.com","serverTimeout":5,"confirmed":"{{Clock.GetUtcNow():O}}"}]}""";
        System.IO.File.WriteAllText(File, content);
        KeepAliveLedger ledger = Open();
        ledger.GetOrAdd(Api).RememberedTicks.ShouldBe(long.MaxValue);
        Teach(ledger, 5);
        ledger.CloseFile();
        System.IO.File.ReadAllText(File).ShouldBe(content);
        Problems.ShouldHaveSingleItem().ShouldContain("version 2");
    }

    [Fact]
    public void File_ThatIsTooLarge_IsNotRead()
    {
        System.IO.File.WriteAllBytes(File, new byte[LedgerFileFormat.MaxBytes + 1]);
        Open();
        Problems.ShouldHaveSingleItem().ShouldContain("larger than");
    }

    [Fact]
    public void Folder_ThatIsNotThere_IsOneWarning()
    {
        var ledger = new KeepAliveLedger(Clock);
        ledger.KeepIn(Path.Combine(Folder, "nowhere", "ledger.json"), (_, problem) => Problems.Add(problem));
        Teach(ledger, 5);
        Clock.Advance(LedgerFile.Period * 5);
        ledger.CloseFile();
        Problems.ShouldHaveSingleItem().ShouldContain("cannot be written");
    }

    [Fact]
    public void SecondFile_OfAProcess_IsRefusedOnce()
    {
        KeepAliveLedger ledger = Open();
        for (int i = 0; i < 3; i++)
        {
            ledger.KeepIn(Path.Combine(Folder, "other.json"), (_, problem) => Problems.Add(problem));
        }

        Problems.ShouldHaveSingleItem().ShouldContain(File);
    }

    [Fact]
    public void File_NeverHoldsMoreThanTheLedger()
    {
        string now = Clock.GetUtcNow().ToString("O");
        var content = new StringBuilder("""{"version":1,"origins":[""");
        for (int i = 0; i < 1_500; i++)
        {
            content.Append(i == 0 ? "" : ",").Append(System.Globalization.CultureInfo.InvariantCulture, $$"""{"origin":"https://h{{i}}.example.com","serverTimeout":5,"confirmed":"{{now}}"}""");
        }

        System.IO.File.WriteAllText(File, content.Append("]}").ToString());
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        ledger.CloseFile();
        LedgerFileFormat.Read(System.IO.File.ReadAllBytes(File)).Entries.Count.ShouldBe(KeepAliveDefaults.MaxOrigins);
    }

    private static KeepAliveLimit Limit(OriginKnowledge origin, bool safe) => KeepAliveLimit.WithFullMargin(origin, s_remembers, safe);

    private void Learn(double seconds)
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, seconds);
        ledger.CloseFile();
    }

    private void Write(double seconds, TimeSpan age = default) =>
        System.IO.File.WriteAllBytes(File, LedgerFileFormat.Write([new RememberedTimeout(Api, TimeSpan.FromSeconds(seconds).Ticks, Clock.GetUtcNow() - age)]));
}
