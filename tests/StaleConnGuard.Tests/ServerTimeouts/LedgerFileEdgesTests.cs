using System.Globalization;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

/// <summary>What a ledger's file holds, when it is written, and what happens where it cannot be: just within each rule and just beyond it.</summary>
public sealed class LedgerFileEdgesTests : LedgerFileTestBase
{
    [Theory]
    [InlineData(23.99, true)]
    [InlineData(24, false)]
    [InlineData(-5.0 / 60, true)]
    [InlineData(-5.1 / 60, false)]
    public void IsFresh_ForADay_AndFiveMinutesAheadForAnotherMachinesClock(double ageHours, bool expected) =>
        new RememberedTimeout(Api, 1, Clock.GetUtcNow() - TimeSpan.FromHours(ageHours)).IsFresh(Clock.GetUtcNow()).ShouldBe(expected);

    [Theory]
    [InlineData(5.5, false)]
    [InlineData(5.6, true)]
    public void Remembered_OutlivedByMoreThanItsTolerance_Twice_IsRefuted(double age, bool expected)
    {
        var memory = new MemoryOfOrigin(new RememberedTimeout(Api, Ticks(5), Clock.GetUtcNow()));
        memory.SeenOpen(Ticks(age));
        (memory.IsRefuted, memory.TimeoutTicks).ShouldBe((false, Ticks(5)));
        memory.SeenOpen(Ticks(age));
        memory.IsRefuted.ShouldBe(expected);
        memory.TimeoutTicks.ShouldBe(expected ? LearningRules.None : Ticks(5));
    }

    [Fact]
    public void Remembered_ForgottenForAnotherReason_IsNotRefutedAfterwards()
    {
        var memory = new MemoryOfOrigin(new RememberedTimeout(Api, Ticks(5), Clock.GetUtcNow()));
        memory.Forget();
        memory.SeenOpen(Ticks(100));
        memory.SeenOpen(Ticks(100));
        memory.IsRefuted.ShouldBeFalse();
    }

    [Theory]
    [InlineData("0.5", true)]
    [InlineData("0.499", false)]
    [InlineData("86400", true)]
    [InlineData("86400.1", false)]
    public void Entry_WithATimeoutThatCanBeLearned_IsTaken(string timeout, bool expected) =>
        Read($$"""{"version":1,"origins":[{"origin":"https://api.example.com","serverTimeout":{{timeout}},"confirmed":"2026-03-01T12:00:00Z"}]}""").Count.ShouldBe(expected ? 1 : 0);

    [Theory]
    [InlineData("http://proxy:3128", true)]
    [InlineData("http://proxy:3128/", false)]
    [InlineData("proxy", false)]
    [InlineData("", false)]
    public void Entry_WithAProxyAsItIsWritten_IsTaken(string proxy, bool expected) =>
        Read($$"""{"version":1,"origins":[{"origin":"https://api.example.com","proxy":"{{proxy}}","serverTimeout":5,"confirmed":"2026-03-01T12:00:00Z"}]}""").Count.ShouldBe(expected ? 1 : 0);

    [Theory]
    [InlineData("nonsense")]
    [InlineData("https://user:secret@api.example.com")]
    public void Entry_OfWhatIsNoOrigin_IsLeftOut(string origin) =>
        Read($$"""{"version":1,"origins":[{"origin":"{{origin}}","serverTimeout":5,"confirmed":"2026-03-01T12:00:00Z"}]}""").ShouldBeEmpty();

    [Fact]
    public void Entries_MoreThanTheLedgerHolds_TheFirstAreTaken() =>
        LedgerFileFormat.Read(LedgerFileFormat.Write(Enumerable.Range(1, KeepAliveDefaults.MaxOrigins + 1).Select(port => new RememberedTimeout(Api with { Port = port }, Ticks(5), Clock.GetUtcNow()))))
            .Entries.Count.ShouldBe(KeepAliveDefaults.MaxOrigins);

    [Theory]
    [InlineData("null", "it holds null")]
    [InlineData("{}", "it has no version")]
    public void Content_ThatIsNoLedger_SaysWhy(string content, string why)
    {
        System.IO.File.WriteAllText(File, content);
        Open();
        Problems.ShouldHaveSingleItem().ShouldContain(why);
    }

    [Fact]
    public void Content_WithoutOrigins_HoldsNothingAndIsNoProblem()
    {
        System.IO.File.WriteAllText(File, """{"version":1}""");
        Open().Snapshot().ShouldBeEmpty();
        Problems.ShouldBeEmpty();
    }

    [Fact]
    public void Content_Empty_HoldsNothingAndIsNoProblem()
    {
        System.IO.File.WriteAllText(File, "");
        Open().Snapshot().ShouldBeEmpty();
        Problems.ShouldBeEmpty();
    }

    /// <summary>As large as may be it is read, and found to be no JSON.</summary>
    [Fact]
    public void Content_AsLargeAsMayBe_IsRead()
    {
        System.IO.File.WriteAllBytes(File, [.. "{}"u8, .. new byte[LedgerFileFormat.MaxBytes - 2]]);
        Open();
        Problems.ShouldHaveSingleItem().ShouldNotContain("larger");
    }

    [Fact]
    public void Written_WhatWasConfirmedLast_WhenThereIsTooMuch()
    {
        DateTimeOffset now = Clock.GetUtcNow();
        System.IO.File.WriteAllBytes(File, LedgerFileFormat.Write(Enumerable.Range(0, KeepAliveDefaults.MaxOrigins)
            .Select(i => new RememberedTimeout(Api with { Host = $"h{i.ToString(CultureInfo.InvariantCulture)}.example.com" }, Ticks(5), now.AddMinutes(-1 - i)))));
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        ledger.CloseFile();

        string[] hosts = [.. LedgerFileFormat.Read(System.IO.File.ReadAllBytes(File)).Entries.Select(static entry => entry.Key.Host)];
        hosts.Length.ShouldBe(KeepAliveDefaults.MaxOrigins);
        hosts[0].ShouldBe("api.example.com");
        hosts.ShouldContain("h1022.example.com");
        hosts.ShouldNotContain("h1023.example.com");
    }

    [Fact]
    public void Written_AsJsonThatAPersonCanRead()
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        ledger.CloseFile();
        System.IO.File.ReadAllText(File).ReplaceLineEndings("\n").ShouldBe(
            """
            {
              "version": 1,
              "origins": [
                {
                  "origin": "https://api.example.com:443",
                  "serverTimeout": 5,
                  "confirmed": "2026-03-01T12:00:00+00:00"
                }
              ]
            }
            """.ReplaceLineEndings("\n"));
    }

    /// <summary>That a timeout goes on being confirmed is written once an hour; that it is another one, at once.</summary>
    [Fact]
    public void Written_Again_AfterAnHourOrWhenItIsAnother()
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        Clock.Advance(LedgerFile.Period);
        DateTimeOffset written = Confirmed();

        Clock.Advance(TimeSpan.FromMinutes(59));
        Teach(ledger, 5);
        Clock.Advance(LedgerFile.Period);
        Confirmed().ShouldBe(written);

        Clock.Advance(TimeSpan.FromMinutes(1));
        Teach(ledger, 5);
        DateTimeOffset again = Clock.GetUtcNow();
        Clock.Advance(LedgerFile.Period);
        Confirmed().ShouldBe(again);

        Teach(ledger, 4.9);
        Clock.Advance(LedgerFile.Period);
        Entry().TimeoutTicks.ShouldBe(Ticks(4.9));
    }

    [Fact]
    public void Written_Again_AtTheVeryHour()
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        Clock.Advance(LedgerFile.Period);
        Clock.Advance(TimeSpan.FromHours(1) - LedgerFile.Period);
        Teach(ledger, 5);
        DateTimeOffset again = Clock.GetUtcNow();
        Clock.Advance(LedgerFile.Period);
        Confirmed().ShouldBe(again);
    }

    /// <summary>What has become of the file meanwhile is seen when it is written next: of a newer version it is left alone, broken it is replaced without another word.</summary>
    [Theory]
    [InlineData("""{"version":2,"origins":[]}""", false)]
    [InlineData("no JSON", true)]
    public void Written_OverWhatAnotherHasPutThere(string content, bool isReplaced)
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        System.IO.File.WriteAllText(File, content);
        ledger.CloseFile();
        (System.IO.File.ReadAllText(File) != content).ShouldBe(isReplaced);
        Problems.Count.ShouldBe(isReplaced ? 0 : 1);
    }

    [Fact]
    public void Written_WhatAnotherConfirmedLater_IsLeft()
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        Write(7, Clock.GetUtcNow().AddSeconds(1));
        ledger.CloseFile();
        Entry().TimeoutTicks.ShouldBe(Ticks(7));
    }

    [Fact]
    public void Refuted_WhatAnotherConfirmedSince_IsLeft()
    {
        Write(5, Clock.GetUtcNow());
        KeepAliveLedger ledger = Open();
        Refute(ledger);
        Write(6, Clock.GetUtcNow().AddSeconds(1));
        ledger.CloseFile();
        Entry().TimeoutTicks.ShouldBe(Ticks(6));
    }

    [Fact]
    public void Refuted_IsTakenOutOnce_AndNotRecalled()
    {
        Write(5, Clock.GetUtcNow());
        KeepAliveLedger ledger = Open();
        Refute(ledger);
        Clock.Advance(LedgerFile.Period);
        LedgerFileFormat.Read(System.IO.File.ReadAllBytes(File)).Entries.ShouldBeEmpty();

        var written = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        System.IO.File.SetLastWriteTimeUtc(File, written);
        Clock.Advance(LedgerFile.Period * 3);
        System.IO.File.GetLastWriteTimeUtc(File).ShouldBe(written, "nothing new, nothing written");
    }

    [Fact]
    public void Remembered_NotUsedByThisProcess_StaysInTheFile()
    {
        Write(5, Clock.GetUtcNow());
        KeepAliveLedger ledger = Open();
        Teach(ledger, 7, Api with { Host = "other.example.com" });
        ledger.CloseFile();
        LedgerFileFormat.Read(System.IO.File.ReadAllBytes(File)).Entries.Count.ShouldBe(2);
    }

    [Fact]
    public void Recalled_AnOriginThatWasThereBeforeTheFile_AndOneThatComesLater()
    {
        Write(5, Clock.GetUtcNow());
        var ledger = new KeepAliveLedger(Clock);
        OriginKnowledge before = ledger.GetOrAdd(Api);
        OriginKnowledge other = ledger.GetOrAdd(Api with { Port = 8443 });
        ledger.KeepIn(File, (_, problem) => Problems.Add(problem));
        before.RememberedTicks.ShouldBe(Ticks(5));
        other.RememberedTicks.ShouldBe(LearningRules.None);
        Open().GetOrAdd(Api).RememberedTicks.ShouldBe(Ticks(5));
    }

    [Fact]
    public void Recalled_WhatThisProcessKnowsBetter_IsNot()
    {
        Write(5, Clock.GetUtcNow());
        var ledger = new KeepAliveLedger(Clock);
        OriginKnowledge origin = ledger.GetOrAdd(Api);
        origin.StaleHit(TimeSpan.FromSeconds(9));
        ledger.KeepIn(File, (_, problem) => Problems.Add(problem));
        origin.RememberedTicks.ShouldBe(LearningRules.None);
        Entry().TimeoutTicks.ShouldBe(Ticks(5));
    }

    [Fact]
    public void Recalled_AfterItsDay_IsNot()
    {
        Write(5, Clock.GetUtcNow());
        KeepAliveLedger ledger = Open();
        Clock.Advance(TimeSpan.FromHours(25));
        ledger.GetOrAdd(Api).RememberedTicks.ShouldBe(LearningRules.None);
    }

    [Fact]
    public void Recalled_TheFirstThatWasRemembered_Counts()
    {
        OriginKnowledge origin = new KeepAliveLedger(Clock).GetOrAdd(Api);
        origin.Remember(new RememberedTimeout(Api, Ticks(5), Clock.GetUtcNow()));
        origin.Remember(new RememberedTimeout(Api, Ticks(7), Clock.GetUtcNow()));
        origin.RememberedTicks.ShouldBe(Ticks(5));
    }

    [Fact]
    public void Closed_NothingIsWrittenAnyMore()
    {
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        ledger.CloseFile();
        System.IO.File.Delete(File);
        Teach(ledger, 3);
        Clock.Advance(LedgerFile.Period * 2);
        System.IO.File.Exists(File).ShouldBeFalse();
    }

    [Fact]
    public void SameFile_NamedAgain_IsNoProblem()
    {
        KeepAliveLedger ledger = Open();
        ledger.KeepIn(File, (_, problem) => Problems.Add(problem));
        Problems.ShouldBeEmpty();
    }

    [Fact]
    public void OtherFiles_EachIsToldOnce()
    {
        KeepAliveLedger ledger = Open();
        foreach (string name in new[] { "a.json", "b.json", "a.json" })
        {
            ledger.KeepIn(Path.Combine(Folder, name), (path, problem) => Problems.Add($"{Path.GetFileName(path)} {problem}"));
        }

        Problems.Select(static problem => problem[..6]).ShouldBe(["a.json", "b.json"]);
    }

    /// <summary>A problem is told once, and once more when it comes back after it was well in between.</summary>
    [Fact]
    public void Problem_ThatComesBack_IsToldAgain()
    {
        string folder = Path.Combine(Folder, "later");
        var ledger = new KeepAliveLedger(Clock);
        ledger.KeepIn(Path.Combine(folder, "ledger.json"), (_, problem) => Problems.Add(problem));
        Teach(ledger, 5);
        Clock.Advance(LedgerFile.Period * 2);
        Problems.Count.ShouldBe(1);

        Directory.CreateDirectory(folder);
        Clock.Advance(LedgerFile.Period);
        System.IO.File.Exists(Path.Combine(folder, "ledger.json")).ShouldBeTrue("it is tried again");

        Directory.Delete(folder, recursive: true);
        Teach(ledger, 4.9);
        Clock.Advance(LedgerFile.Period * 2);
        Problems.Count.ShouldBe(2);
        ledger.CloseFile();
    }

    /// <summary>A folder stands where the file should be: nothing can take its place, and nothing is left beside it.</summary>
    [Fact]
    public void Write_ThatFailsAtTheEnd_LeavesNothingBeside()
    {
        Directory.CreateDirectory(File);
        KeepAliveLedger ledger = Open();
        Teach(ledger, 5);
        ledger.CloseFile();
        Problems.ShouldHaveSingleItem().ShouldContain("cannot be written");
        Directory.EnumerateFileSystemEntries(Folder).Order(StringComparer.Ordinal).ShouldBe([File, File + ".lock"]);
    }

    [Fact]
    public void ToRemember_NothingKnown_IsNothing()
    {
        OriginKnowledge origin = new KeepAliveLedger(Clock).GetOrAdd(Api);
        origin.ToRemember().ShouldBeNull();
        origin.SilentHit();
        origin.ToRemember().ShouldBeNull();
    }

    [Fact]
    public void ToRemember_WhatWasLearned_AndWhenItWasConfirmedByTheWallClock()
    {
        OriginKnowledge origin = new KeepAliveLedger(Clock).GetOrAdd(Api);
        Clock.Advance(TimeSpan.FromMinutes(1));
        origin.StaleHit(TimeSpan.FromSeconds(5));
        DateTimeOffset confirmed = Clock.GetUtcNow();
        Clock.Advance(TimeSpan.FromMinutes(7));
        origin.ToRemember().ShouldBe(new RememberedTimeout(Api, Ticks(5), confirmed));
    }

    private void Write(double seconds, DateTimeOffset confirmed) =>
        System.IO.File.WriteAllBytes(File, LedgerFileFormat.Write([new RememberedTimeout(Api, Ticks(seconds), confirmed)]));

    private RememberedTimeout Entry() => LedgerFileFormat.Read(System.IO.File.ReadAllBytes(File)).Entries.ShouldHaveSingleItem();

    private DateTimeOffset Confirmed() => Entry().Confirmed;

    private static IReadOnlyList<RememberedTimeout> Read(string content) => LedgerFileFormat.Read(Encoding.UTF8.GetBytes(content)).Entries;

    private static void Refute(KeepAliveLedger ledger)
    {
        OriginKnowledge origin = ledger.GetOrAdd(Api);
        origin.SeenOpen(TimeSpan.FromSeconds(8), answered: true);
        origin.SeenOpen(TimeSpan.FromSeconds(9), answered: true);
        origin.Refuted.ShouldNotBeNull();
    }

    private static long Ticks(double seconds) => (long)Math.Round(seconds * TimeSpan.TicksPerSecond);
}
