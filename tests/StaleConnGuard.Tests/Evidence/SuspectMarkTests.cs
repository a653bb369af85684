namespace StaleConnGuard.Tests.Evidence;

public class SuspectMarkTests
{
    [Fact]
    public void Covers_NothingFoundDead_Nobody() => default(SuspectMark).Covers(0).ShouldBeFalse();

    [Fact]
    public void Covers_AfterFoundDead_ThoseIdleSinceBefore()
    {
        var mark = new SuspectMark();
        mark.FoundDead(100);
        mark.Covers(99).ShouldBeTrue();
        mark.Covers(100).ShouldBeFalse();
        mark.FoundDead(50);
        mark.Covers(99).ShouldBeTrue("an older find takes nothing back");
    }

    [Fact]
    public void Covers_AfterOneOfThemAnswered_OnlyThoseIdleForLonger()
    {
        var mark = new SuspectMark();
        mark.FoundDead(100);
        mark.FoundAlive(40);
        mark.Covers(39).ShouldBeTrue();
        mark.Covers(40).ShouldBeFalse();
        mark.Covers(99).ShouldBeFalse();
    }

    [Fact]
    public void Covers_AnswerOfAConnectionThatWasNoSuspect_ChangesNothing()
    {
        var mark = new SuspectMark();
        mark.FoundDead(100);
        mark.FoundAlive(100);
        mark.Covers(99).ShouldBeTrue();
    }
}
