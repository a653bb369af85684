using StaleConnGuard.Measuring;

namespace StaleConnGuard.Tests.Measuring;

public sealed class ResultOptionsTests
{
    [Fact]
    public void Parse_Nothing_IsTheUsualFolder() => ResultOptions.Parse([], "usual").ShouldBe(new ResultOptions("usual", IsQuick: false));

    [Fact]
    public void Parse_Quick_NeverGoesToTheUsualFolder()
    {
        var options = ResultOptions.Parse(["--quick"], "usual");

        options.IsQuick.ShouldBeTrue();
        options.Folder.ShouldNotBe("usual");
    }

    [Fact]
    public void Parse_Folder_IsUsed() => ResultOptions.Parse(["--results", "there", "--quick"], "usual").ShouldBe(new ResultOptions("there", IsQuick: true));

    [Theory]
    [InlineData("--fast")]
    [InlineData("--results")]
    public void Parse_NotUnderstood_Throws(string argument) => Should.Throw<ArgumentException>(() => ResultOptions.Parse([argument], "usual"));
}
