using StaleConnGuard.Measuring;

namespace StaleConnGuard.Tests.Measuring;

public sealed class MarkdownTableTests
{
    [Fact]
    public void ToString_Rows_AreAlignedAsTheColumnsSay()
    {
        var table = new MarkdownTable(" client", "requests");
        table.Add("plain", "320");

        table.ToString().ShouldBe("| client | requests |\n| --- | ---: |\n| plain | 320 |");
    }

    [Fact]
    public void Add_CellsMissing_Throws() => Should.Throw<ArgumentException>(() => new MarkdownTable("a", "b").Add("1"));

    [Fact]
    public void Targets_NotReached_StandsOut() =>
        Target.Table([new Target("few", "many", IsReached: false), new Target("a", "b", IsReached: true)]).ShouldBe("| target | measured | reached |\n| --- | --- | --- |\n| few | many | **no** |\n| a | b | yes |");
}
